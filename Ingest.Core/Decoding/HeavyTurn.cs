using Ingest.Core.Transfers;

namespace Ingest.Core.Decoding;

/// <summary>
/// A worker's turn to take apart a chunk that weighs far more than a usual one, until it is typed: one worker has it at a time, so memory does not grow with the number of cores. Whoever
/// has it waits for nobody.
/// </summary>
internal sealed class HeavyTurn(Lock shared)
{
    private bool _isMine;

    /// <summary>Of the chunk at hand: while it is taken apart, it is charged with what a transfer may weigh.</summary>
    public ByteLease? Lease { get; set; }

    /// <summary>Waits for the turn, unless it is this worker's already.</summary>
    public void Take(long weightMax)
    {
        if (_isMine) return;
        shared.Enter();
        _isMine = true;
        if (Lease is { } lease) lease.Resize(lease.Bytes + weightMax);
    }

    /// <summary>Ends the turn; by the thread that took it.</summary>
    public void End()
    {
        if (!_isMine) return;
        _isMine = false;
        shared.Exit();
    }
}
