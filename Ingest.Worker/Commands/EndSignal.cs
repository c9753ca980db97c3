using System.Runtime.InteropServices;

namespace Ingest.Worker.Commands;

/// <summary>Remembers by which signal a command is ended, for its exit code. What the command does about it, it learns as cancellation.</summary>
internal sealed class EndSignal : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;

    private volatile int _exitCode = ExitCodes.Interrupted;

    /// <summary>For a command that has begun: of all who want to know of a signal, the last to ask is told first, and the library that cancels commands then waits for the end.</summary>
    public EndSignal() => _registrations = [Of(PosixSignal.SIGINT, ExitCodes.Interrupted), Of(PosixSignal.SIGTERM, ExitCodes.Terminated)];

    public int ExitCode => _exitCode;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }

    private PosixSignalRegistration Of(PosixSignal signal, int exitCode) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        _exitCode = exitCode;
    });
}
