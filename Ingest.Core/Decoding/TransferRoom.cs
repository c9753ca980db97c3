using System.Runtime.CompilerServices;

namespace Ingest.Core.Decoding;

/// <summary>
/// What the transfer at hand may still weigh. Counted is what its records and refusals come to while they are located, typed and quarantined, never what arrays happen to hold here and
/// now: wherever and whenever a transfer is read, with the same settings the answer is the same.
/// </summary>
internal sealed class TransferRoom
{
    /// <summary>A field that no column takes: 28 bytes in a list that grows by half, copying.</summary>
    public const int FieldBytes = 64;

    /// <summary>A refusal: itself twice, the sentence that says why, and a row of the quarantine, as it is made and in its batch.</summary>
    public const int RefusalBytes = 1536;

    // What the records of a usual chunk of 1 MiB weigh a few times over.
    private const long UsualBytesMax = 32 << 20;

    private long _usual;
    private long _max;
    private long _heavyBelow = long.MinValue;

    public long Left { get; set; } = long.MaxValue;

    /// <summary>Taken when a chunk turns out to be heavy; null where there is only one at a time anyway.</summary>
    public HeavyTurn? Turn { get; set; }

    /// <summary>The transfer is refused whole; what more there is in it need not be kept.</summary>
    public bool IsOver => Left < 0;

    /// <summary>A new chunk.</summary>
    public void Reset() => (_usual, _max, Left) = (UsualBytesMax, 0, 0);

    /// <summary>The next transfer of the chunk, which may weigh so much.</summary>
    public void Begin(long bytesMax)
    {
        _usual -= _max - Left;
        _max = Left = bytesMax;
        _heavyBelow = bytesMax - Math.Max(0, _usual);
    }

    /// <summary>Takes the turn once the chunk is heavy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Weigh()
    {
        if (Left < _heavyBelow) Turn?.Take(_max);
    }
}
