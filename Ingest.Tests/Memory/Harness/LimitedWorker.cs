using System.Diagnostics;
using System.Globalization;

namespace Ingest.Tests.Memory.Harness;

/// <summary>A worker process in a control group, whose resident memory is watched until it ends.</summary>
internal sealed class LimitedWorker : IDisposable
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    private LimitedWorker(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _errors = process.StandardError.ReadToEndAsync();
    }

    public bool HasExited => _process.HasExited;

    public static LimitedWorker Start(IEnumerable<string> arguments, MemoryCgroup? cgroup)
    {
        var worker = Path.Combine(AppContext.BaseDirectory, "Ingest.Worker");
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(cgroup is null ? "exec \"$0\" \"$@\"" : $"echo $$ > {cgroup.Processes} && exec \"$0\" \"$@\"");
        start.ArgumentList.Add(worker);
        start.ArgumentList.Add("run");
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return new LimitedWorker(Process.Start(start) ?? throw new InvalidOperationException("No process."));
    }

    /// <summary>How it ended.</summary>
    /// <param name="PeakBytes">Peak resident memory by the kernel's own mark, mapped files included.</param>
    /// <param name="AnonymousBytes">The highest part of it that was seen and is no file's.</param>
    /// <param name="Output">What it said.</param>
    public sealed record Ended(int ExitCode, long PeakBytes, long AnonymousBytes, string Output);

    /// <summary>Waits for its end.</summary>
    public async Task<Ended> WatchAsync(CancellationToken cancellation)
    {
        var ended = _process.WaitForExitAsync(cancellation);
        var (peak, anonymous) = (0L, 0L);
        do
        {
            peak = Math.Max(peak, Status("VmHWM:"));
            anonymous = Math.Max(anonymous, Status("RssAnon:"));
        }
        while (await Task.WhenAny(ended, Task.Delay(s_look, cancellation)).ConfigureAwait(false) != ended);

        await ended.ConfigureAwait(false);
        return new Ended(_process.ExitCode, peak, anonymous, await _output.ConfigureAwait(false) + await _errors.ConfigureAwait(false));
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private long Status(string field)
    {
        try
        {
            var line = File.ReadLines($"/proc/{_process.Id}/status").FirstOrDefault(l => l.StartsWith(field, StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.AsSpan(field.Length).Trim().TrimEnd("kB ").ToString(), CultureInfo.InvariantCulture) * 1024;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
