using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// What of the byte budget goes to sealing, and ingest does without meanwhile: as much as the rows take that are merged, which is little while small files are merged, as happens most of the time. Owned by the
/// housekeeper's task.
/// </summary>
/// <param name="bytesMax">More is not asked for: rows beyond it go over the local disk.</param>
internal sealed class SealRoom(ByteBudget budget, long bytesMax)
{
    /// <summary>Files being read and encoders take this, however few rows there are.</summary>
    public const long BytesMin = 16 << 20;

    private long _taken;

    /// <summary>Takes so much in all; less than before leaves it as it is, for buffers stay as large as they were.</summary>
    public void Take(long bytes)
    {
        var more = Math.Min(bytes, bytesMax) - _taken;
        if (more <= 0) return;
        _taken += more;
        budget.Keep(more);
    }

    public void GiveBack()
    {
        budget.Keep(-_taken);
        _taken = 0;
    }
}
