using System.Diagnostics;
using System.Globalization;

namespace Ingest.Tests.Chaos.Harness;

/// <summary>One worker process and what was done to it.</summary>
internal sealed class ChaosWorker
{
    private readonly int _port;
    private readonly string _log;
    private long _terminatedAt;
    private long _endedAt;

    public ChaosWorker(Process process, int slot, int port, string log)
    {
        Process = process;
        Slot = slot;
        _port = port;
        _log = log;
        process.Exited += (_, _) => Volatile.Write(ref _endedAt, Stopwatch.GetTimestamp());
        process.EnableRaisingEvents = true;
    }

    public Process Process { get; }

    public int Slot { get; }

    /// <summary>We killed it: that it has ended is no finding.</summary>
    public bool IsKilled { get; private set; }

    public bool IsTerminated => _terminatedAt != 0;

    /// <summary>How long it has been ending since SIGTERM, or took to.</summary>
    public TimeSpan Ending => Stopwatch.GetElapsedTime(_terminatedAt, Volatile.Read(ref _endedAt) is > 0 and var ended ? ended : Stopwatch.GetTimestamp());

    public void Kill()
    {
        IsKilled = true;
        Process.Kill();
    }

    public void Terminate()
    {
        _terminatedAt = Stopwatch.GetTimestamp();
        Signal("-TERM");
    }

    public void Freeze() => Signal("-STOP");

    public void Thaw() => Signal("-CONT");

    /// <summary>How it stands: what the system says, what its own page says, its last lines.</summary>
    public async Task<string> DescribeAsync()
    {
        var state = Process.HasExited ? $"ended with {Process.ExitCode}" : await StateAsync().ConfigureAwait(false);
        return $"worker {Slot}, process {Process.Id}, {state}\n{await PageAsync().ConfigureAwait(false)}{Tail(20)}";
    }

    public string Tail(int lines)
    {
        using var stream = new FileStream(_log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Seek(-Math.Min(stream.Length, 32 << 10), SeekOrigin.End);
        using var reader = new StreamReader(stream);
        return string.Join('\n', reader.ReadToEnd().TrimEnd().Split('\n').TakeLast(lines).Select(l => "  | " + (l.Length > 500 ? l[..500] : l)));
    }

    private async Task<string> StateAsync()
    {
        try
        {
            return (await File.ReadAllLinesAsync($"/proc/{Process.Id}/status").ConfigureAwait(false)).FirstOrDefault(l => l.StartsWith("State", StringComparison.Ordinal)) ?? "";
        }
        catch (IOException)
        {
            return "gone";
        }
    }

    private async Task<string> PageAsync()
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        try
        {
            return string.Concat((await client.GetStringAsync(new Uri($"http://127.0.0.1:{_port}/")).ConfigureAwait(false)).TrimEnd().Split('\n').Select(l => $"  > {l}\n"));
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return $"  > no status page: {e.Message}\n";
        }
    }

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [signal, Process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit(TimeSpan.FromSeconds(10));
    }
}
