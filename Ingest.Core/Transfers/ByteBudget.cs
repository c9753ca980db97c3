namespace Ingest.Core.Transfers;

/// <summary>
/// The bytes that data in flight may take, over all stages. Intake asks first and is refused when the budget is used up;
/// later stages may only resize what intake was granted, so the overshoot is bounded by what one chunk can grow to.
/// Thread-safe.
/// </summary>
public sealed class ByteBudget
{
    private long _used;
    private long _kept;
    private volatile bool _isShort;

    /// <param name="totalBytes">What may be in flight, in bytes; at least 1.</param>
    /// <param name="leasedBytesMax">Of it, what may be leased before no lease is granted any more; all of it when 0.</param>
    public ByteBudget(long totalBytes, long leasedBytesMax = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(totalBytes, 1);
        TotalBytes = totalBytes;
        LeasedBytesMax = leasedBytesMax > 0 ? leasedBytesMax : totalBytes;
    }

    public long TotalBytes { get; }

    /// <summary>
    /// Data in flight, what is kept between batches, and work buffers. The latter two count for at most two fifths of the budget: intake resumes below three fifths, and what is kept
    /// for good must not hold it up for ever.
    /// </summary>
    public long UsedBytes => Interlocked.Read(ref _used) + KeptBytes;

    /// <summary>The last lease that was asked for was refused: something is waiting for room, and what is open must make it.</summary>
    public bool IsShort => _isShort;

    /// <summary>Use beyond which no lease is granted. What was taken in grows while it is decoded and batched, and the rest is for that.</summary>
    public long LeasedBytesMax { get; }

    /// <summary>
    /// Takes <paramref name="bytes"/> if they fit into <see cref="LeasedBytesMax"/>, or if nothing is in flight (so that one huge transfer can pass).
    /// A lease of nothing is always granted: its owner only grows what is in flight already.
    /// </summary>
    public bool TryLease(long bytes, out ByteLease lease)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        while (true)
        {
            var used = Interlocked.Read(ref _used);
            var asked = bytes;
            Mutation.Set(Bug.RefusesEmptyLeaseWhenFull, ref asked, Math.Max(1, bytes));
            if (asked != 0 && used != 0 && used + KeptBytes + bytes > LeasedBytesMax)
            {
                _isShort = true;
                lease = null!;
                return false;
            }

            if (Interlocked.CompareExchange(ref _used, used + bytes, used) == used)
            {
                if (bytes > 0) _isShort = false;
                lease = new ByteLease(this, bytes);
                return true;
            }
        }
    }

    /// <summary>Accounts for memory that is held beside the data in flight: spare buffers, tables of pending keys, buffers of encoders. Negative when it is given up.</summary>
    public void Keep(long bytes) => Interlocked.Add(ref _kept, bytes);

    private long KeptBytes => Math.Min(Interlocked.Read(ref _kept), TotalBytes / 5 * 2);

    internal void Add(long bytes) => Interlocked.Add(ref _used, bytes);
}

/// <summary>A share of the byte budget, owned by one chunk or batch and given back when that is disposed. One owner at a time.</summary>
public sealed class ByteLease : IDisposable
{
    private readonly ByteBudget _budget;
    private long _bytes;

    internal ByteLease(ByteBudget budget, long bytes)
    {
        _budget = budget;
        _bytes = bytes;
    }

    public long Bytes => _bytes;

    /// <summary>Sets what the owner now weighs.</summary>
    public void Resize(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        _budget.Add(bytes - _bytes);
        _bytes = bytes;
    }

    /// <summary>Takes over all that <paramref name="other"/> holds and leaves it empty.</summary>
    public void Absorb(ByteLease other)
    {
        _bytes += other._bytes;
        other._bytes = 0;
    }

    public void Dispose() => Resize(0);
}
