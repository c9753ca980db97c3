namespace Ingest.Core.Deduplicating;

/// <summary>
/// The fourth state of the data: which rows of a <see cref="Normalizing.NormalizedRecords"/> are new. Nothing is copied; the rows are named by their
/// index, ascending. The counts say what became of the others. Reused from chunk to chunk.
/// </summary>
public sealed class Selection
{
    /// <summary>Indices of the new rows; the first <see cref="Count"/> are set.</summary>
    public int[] Rows = new int[64];

    /// <summary>Number of new rows.</summary>
    public int Count { get; set; }

    /// <summary>Rows equal to one in the table, in a batch not yet committed, or earlier in this chunk.</summary>
    public int Duplicates { get; set; }

    /// <summary>Identity mode: rows whose identity is known with other content.</summary>
    public List<int> Conflicts { get; } = [];

    public void Clear(int rows)
    {
        Count = 0;
        Duplicates = 0;
        Conflicts.Clear();
        if (Rows.Length < rows) Rows = new int[Math.Max(rows, Rows.Length * 2)];
    }
}
