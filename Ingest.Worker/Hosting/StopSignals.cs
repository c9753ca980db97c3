using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Ingest.Worker.Hosting;

/// <summary>
/// The first SIGTERM or Ctrl+C stops the service in good order, which the host sees to. A second one ends the process where it stands: whoever sends it does not want to wait, and
/// a worker may die at any moment.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private static readonly TimeSpan s_tellingMax = TimeSpan.FromSeconds(1);

    private readonly PosixSignalRegistration[] _registrations;
    private readonly SecondSignal _second;
    private readonly ILoggerFactory _loggers;

    /// <param name="loggers">Told before the end, and disposed: what waits to be written is written.</param>
    public StopSignals(TimeProvider time, ILoggerFactory loggers)
    {
        _second = new SecondSignal(time);
        _loggers = loggers;
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal), PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal)];
    }

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (!_second.IsMeant()) return;

        // On a thread of its own: a log that nobody reads must not hold up the end.
        var telling = new Thread(Tell) { IsBackground = true };
        telling.Start();
        telling.Join(s_tellingMax);
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }

    private void Tell()
    {
        HostLog.EndedAtOnce(_loggers.CreateLogger("Ingest"));
        _loggers.Dispose();
    }
}
