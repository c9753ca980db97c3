namespace Ingest.Worker.Commands;

/// <summary>What the process answers with; the README lists them.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>It ran, and what it found or did is not as it should be (a verdict of no, findings of verify, transfers not delivered).</summary>
    public const int Failed = 1;

    /// <summary>Bad configuration, contract or arguments; nothing was started.</summary>
    public const int BadConfiguration = 2;

    /// <summary>Stopped rather than lose or double records; the last lines say what to do.</summary>
    public const int Stopped = 3;

    /// <summary>Ended by SIGINT, as Ctrl+C sends it.</summary>
    public const int Interrupted = 130;

    /// <summary>Ended by SIGTERM.</summary>
    public const int Terminated = 143;
}
