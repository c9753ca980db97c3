namespace Ingest.Worker.Commands;

/// <summary>A command that cannot do what it was asked for: what it says on the error stream, a line each, and its exit code.</summary>
internal sealed class CommandRefusedException(int exitCode, params IReadOnlyCollection<string> errors) : Exception(string.Join(Environment.NewLine, errors))
{
    public int ExitCode { get; } = exitCode;
}
