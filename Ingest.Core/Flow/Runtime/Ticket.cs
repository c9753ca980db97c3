using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// A chunk's place in line. It is taken before the chunk is handed to the decoding workers, and filled when they are done, so that
/// parallel work still comes out in the order in which it came in.
/// </summary>
/// <param name="number">How many were in line before, since the beginning.</param>
internal sealed class Ticket(TransferChunk chunk, long number)
{
    private volatile bool _isDone;

    public TransferChunk Chunk { get; } = chunk;

    /// <summary>What the chunk's buffer weighs.</summary>
    public long Bytes { get; } = chunk.Buffer.Length;

    public long Number => number;

    /// <summary>What its rows and refusals weigh, decoded; 0 until then.</summary>
    public long DecodedBytes { get; private set; }

    public NormalizedChunk? Normalized { get; private set; }

    /// <summary>A bug met while decoding; the control loop rethrows it.</summary>
    public Exception? Failure { get; private set; }

    public bool IsDone => _isDone;

    public void Complete(NormalizedChunk normalized)
    {
        Normalized = normalized;
        DecodedBytes = normalized.ResidentBytes;
        _isDone = true;
    }

    public void Fail(Exception failure)
    {
        Failure = failure;
        _isDone = true;
    }
}
