using Ingest.Core.Contracts;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>
/// What went wrong in the rows of one dataset while its columns were normalized one after the other: the first fault of each row, and the
/// values that are to be rescued. Reused from chunk to chunk.
/// </summary>
internal sealed class RowFaults
{
    // A usual chunk of 1 MiB has far fewer.
    private const int RowsKeptMax = 1 << 18;

    private ReasonCode[] _reasons = new ReasonCode[64];
    private int[] _columns = new int[64];

    /// <summary>Whether any row is at fault.</summary>
    public bool Any { get; private set; }

    /// <summary>Row and column of each value that does not fit a column with <see cref="MismatchPolicy.Rescue"/>.</summary>
    public List<(int Row, int Column)> Rescues { get; } = [];

    public void Reset(int rows)
    {
        if (rows > _reasons.Length)
        {
            _reasons = new ReasonCode[Math.Max(rows, _reasons.Length * 2)];
            _columns = new int[_reasons.Length];
        }
        else if (Any)
        {
            Array.Clear(_reasons);
        }

        Any = false;
        Rescues.Clear();
    }

    /// <summary>Gives back what a huge transfer has blown up.</summary>
    public void Trim()
    {
        if (_reasons.Length <= RowsKeptMax && Rescues.Capacity <= RowsKeptMax) return;
        _reasons = new ReasonCode[64];
        _columns = new int[64];
        Rescues.Clear();
        Rescues.TrimExcess();
        Any = false;
    }

    public ReasonCode Reason(int row) => _reasons[row];

    /// <summary>Ordinal of the column at fault; -1 when none is (a field that no column takes).</summary>
    public int Column(int row) => _columns[row];

    /// <summary>Notes that a value of a row cannot be taken. Columns come in their order, so the first fault stands.</summary>
    public void Refuse(int row, int column, ReasonCode reason)
    {
        if (_reasons[row] != ReasonCode.None) return;
        _reasons[row] = reason;
        _columns[row] = column;
        Any = true;
    }

    /// <summary>Refuses or rescues, as the column says. A required column cannot do without its value, nor a text that is no Unicode be kept.</summary>
    public void Mismatch(int row, ColumnPlan column, ReasonCode reason)
    {
        if (column.OnMismatch == MismatchPolicy.Rescue && !column.Required && reason != ReasonCode.NotUtf8) Rescues.Add((row, column.Ordinal));
        else Refuse(row, column.Ordinal, reason);
    }
}
