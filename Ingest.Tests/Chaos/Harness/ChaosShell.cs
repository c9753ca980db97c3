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
    public static async Task<string> RunAsync(IReadOnlyList<string> command, TimeSpan atMost, CancellationToken cancellation)
    {
        var (code, output) = await TryAsync(command, atMost, cancellation).ConfigureAwait(false);
        return code == 0 ? output : throw new ChaosStuckException($"{string.Join(' ', command)} ended with {code}: {output}");
    }

    /// <summary>Runs a command to its end; its exit code and what it printed.</summary>
    public static async Task<(int Code, string Output)> TryAsync(IReadOnlyList<string> command, TimeSpan atMost, CancellationToken cancellation)
    {
        // Through a file: what a command leaves running in the background would keep a pipe open for ever.
        var file = Path.GetTempFileName();
        try
        {
            var start = new ProcessStartInfo("/bin/sh");
            foreach (var argument in (string[])["-c", $"exec \"$0\" \"$@\" > {file} 2>&1 < /dev/null", .. command]) start.ArgumentList.Add(argument);
            using var process = Process.Start(start) ?? throw new ChaosStuckException($"{command[0]} does not start.");
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            deadline.CancelAfter(atMost);
            try
            {
                await process.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                process.Kill(entireProcessTree: true);
                throw new ChaosStuckException($"{string.Join(' ', command)} did not end within {atMost.TotalSeconds:F0} s: {await File.ReadAllTextAsync(file, CancellationToken.None).ConfigureAwait(false)}");
            }

            return (process.ExitCode, (await File.ReadAllTextAsync(file, cancellation).ConfigureAwait(false)).Trim());
        }
        finally
        {
            File.Delete(file);
        }
    }
}
