using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Ingest.Perf.Compare;

/// <summary>
/// Runs a process and measures it from outside. CPU is what the kernel charges this process for its ended children, before and after, and so includes
/// their children; peak memory is the high-water mark that the kernel keeps, read until the process ends.
/// </summary>
internal static partial class MeasuredProcess
{
    private const int ChildrenUsage = -1; // RUSAGE_CHILDREN
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);

    /// <summary>Starts it, waits for its end and returns the measurement (without records) and its output.</summary>
    /// <exception cref="ContestException">It ended with another code than 0.</exception>
    public static async Task<(Measurement Measurement, string Output)> RunAsync(ProcessStartInfo start, CancellationToken cancellation)
    {
        if (!OperatingSystem.IsLinux()) throw new ContestException("Processes are measured by the accounts of the Linux kernel: run it there.");
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        var before = ChildrenCpu();
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(start) ?? throw new ContestException($"{start.FileName} does not start.");
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        var ended = process.WaitForExitAsync(cancellation);
        var peak = 0L;
        try
        {
            do
            {
                peak = Math.Max(peak, PeakBytes(process.Id));
            }
            while (await Task.WhenAny(ended, Task.Delay(s_look, cancellation)).ConfigureAwait(false) != ended && !cancellation.IsCancellationRequested);

            await ended.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        var wall = Stopwatch.GetElapsedTime(started);
        if (process.ExitCode != 0) throw new ContestException($"{start.FileName} {string.Join(' ', start.ArgumentList)} ended with {process.ExitCode}:\n{await output.ConfigureAwait(false)}{await errors.ConfigureAwait(false)}");
        return (new Measurement(wall, ChildrenCpu() - before, peak, -1), await output.ConfigureAwait(false));
    }

    /// <summary>0 when the process has gone.</summary>
    private static long PeakBytes(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.AsSpan(6).Trim().TrimEnd("kB ").ToString(), CultureInfo.InvariantCulture) * 1024;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static TimeSpan ChildrenCpu()
    {
        if (GetUsage(ChildrenUsage, out var usage) != 0) throw new ContestException("The kernel does not tell what the processes used.");
        return TimeSpan.FromSeconds(usage.UserSeconds + usage.SystemSeconds) + TimeSpan.FromMicroseconds(usage.UserMicroseconds + usage.SystemMicroseconds);
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int GetUsage(int who, out Usage usage);

    /// <summary>The kernel's struct rusage on 64 bits: two times, and fourteen numbers that are not looked at.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 144)]
    private struct Usage
    {
        public long UserSeconds;
        public long UserMicroseconds;
        public long SystemSeconds;
        public long SystemMicroseconds;
    }
}
