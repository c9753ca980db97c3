using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Ingest.Worker.Hosting;

/// <summary>
/// The first SIGTERM or Ctrl+C stops the service in good order, which the host sees to. The second one ends the process where it stands: whoever sends it does not want to wait, and
/// a worker may die at any moment.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;
    private int _signals;

    public StopSignals() => _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal), PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal)];

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _signals) < 2) return;
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }
}
