using System.Diagnostics;

namespace Ingest.Perf.Stores;

/// <summary>The server that forgets, in a process of its own.</summary>
internal sealed class SinkProcess : IDisposable
{
    private readonly Process _process;

    private SinkProcess(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    public int Id => _process.Id;

    public static async Task<SinkProcess> StartAsync(CancellationToken cancellation)
    {
        var process = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "perf"), ["sink"]) { RedirectStandardOutput = true })!;
        var port = await process.StandardOutput.ReadLineAsync(cancellation).ConfigureAwait(false);
        return new SinkProcess(process, int.Parse(port!, System.Globalization.CultureInfo.InvariantCulture));
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }
}
