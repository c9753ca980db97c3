using System.Diagnostics;

namespace Ingest.Tests.Chaos.Harness;

/// <summary>Commands of the system, none of which may hang.</summary>
internal static class ChaosShell
{
    /// <summary>Waits for a condition, at most so long.</summary>
    /// <exception cref="ChaosStuckException">It did not come.</exception>
    public static async Task UntilAsync(string what, TimeSpan atMost, Func<Task<bool>> isDone, CancellationToken cancellation, TimeSpan? every = null)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await isDone().ConfigureAwait(false))
        {
            if (Stopwatch.GetElapsedTime(started) > atMost) throw new ChaosStuckException($"Waited {atMost.TotalSeconds:F0} s for: {what}.");
            await Task.Delay(every ?? TimeSpan.FromMilliseconds(50), cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Runs a command to its end and returns what it printed.</summary>
    /// <exception cref="ChaosStuckException">It fails, or does not end in time; then it is killed.</exception>
    public static async Task<string> RunAsync(TimeSpan atMost, CancellationToken cancellation, string command, params string[] arguments)
    {
        var (code, output) = await TryAsync(atMost, cancellation, command, arguments).ConfigureAwait(false);
        return code == 0 ? output : throw new ChaosStuckException($"{command} {string.Join(' ', arguments)} ended with {code}: {output}");
    }

    /// <summary>Runs a command to its end; its exit code and what it printed.</summary>
    public static async Task<(int Code, string Output)> TryAsync(TimeSpan atMost, CancellationToken cancellation, string command, params string[] arguments)
    {
        // Through a file: what a command leaves running in the background would keep a pipe open for ever.
        var file = Path.GetTempFileName();
        try
        {
            var start = new ProcessStartInfo("/bin/sh");
            foreach (var argument in (string[])["-c", $"exec \"$0\" \"$@\" > {file} 2>&1 < /dev/null", command, .. arguments]) start.ArgumentList.Add(argument);
            using var process = Process.Start(start) ?? throw new ChaosStuckException($"{command} does not start.");
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            deadline.CancelAfter(atMost);
            try
            {
                await process.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                process.Kill(entireProcessTree: true);
                throw new ChaosStuckException($"{command} {string.Join(' ', arguments)} did not end within {atMost.TotalSeconds:F0} s: {await File.ReadAllTextAsync(file, CancellationToken.None).ConfigureAwait(false)}");
            }

            return (process.ExitCode, (await File.ReadAllTextAsync(file, cancellation).ConfigureAwait(false)).Trim());
        }
        finally
        {
            File.Delete(file);
        }
    }
}
