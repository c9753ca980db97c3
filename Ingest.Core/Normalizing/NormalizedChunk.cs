using Ingest.Core.Contracts;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>
/// The third state of the data: typed, clean columns for each dataset of the chunk's topic, with the fingerprints of their rows,
/// and all that was refused on the way. Owns the chunk (and so its lease) until the rows are taken over.
/// </summary>
public sealed class NormalizedChunk : IDisposable
{
    // With the sentence that says why.
    private const long RejectionBytes = 256;

    // Of a usual chunk there are far fewer.
    private const int RejectionsKeptMax = 16_384;

    public NormalizedChunk(TopicPlan topic)
    {
        Topic = topic;
        Datasets = [.. topic.Datasets.Select(d => new NormalizedRecords(d.Plan))];
    }

    /// <summary>The topic of the chunk at hand; topics with the same datasets may share the object in turn.</summary>
    public TopicPlan Topic { get; set; }

    public TransferChunk Chunk { get; private set; } = null!;

    public NormalizedRecords[] Datasets { get; }

    /// <summary>All that decoding and normalizing refused, in the order found.</summary>
    public List<Rejection> Rejections { get; } = [];

    /// <summary>Memory held by the vectors and refusals, in bytes.</summary>
    public long ResidentBytes => Datasets.Sum(d => d.ResidentBytes) + (Rejections.Count * RejectionBytes);

    public void Reset(TransferChunk chunk)
    {
        Chunk = chunk;
        Rejections.Clear();
        if (Rejections.Capacity > RejectionsKeptMax) Rejections.TrimExcess();
        foreach (var dataset in Datasets) dataset.Clear(chunk.Buffer.Length);
    }

    public void Dispose() => Chunk.Dispose();
}

/// <summary>The rows of one dataset in a chunk. Rows that were refused stay in place, marked in <see cref="Refused"/>; every vector has <see cref="Count"/> rows.</summary>
public sealed class NormalizedRecords
{
    public NormalizedRecords(DatasetPlan plan)
    {
        Plan = plan;
        Columns = [.. plan.Columns.Select(CreateVector)];
    }

    public DatasetPlan Plan { get; }

    public int Count { get; set; }

    /// <summary>The rows touch no more partitions of the table than this.</summary>
    public int PartitionsAtMost { get; set; }

    /// <summary>One vector a contract column, in its order.</summary>
    public ColumnVector[] Columns { get; }

    /// <summary>Canonical JSON of the fields no column took.</summary>
    public BytesVector Rescued { get; } = new();

    /// <summary>Days since 1970-01-01 of the event in the contract's zone; null where there is none.</summary>
    public FixedVector<int> EventDate { get; } = new();

    /// <summary>1 for a row that was refused, one a row.</summary>
    public byte[] Refused = new byte[64];

    /// <summary>Index of the transfer in the chunk, one a row.</summary>
    public int[] Transfer = new int[64];

    /// <summary>Position of the record in its transfer, one a row.</summary>
    public int[] Position = new int[64];

    /// <summary>First byte and length of the record in the chunk's buffer, one a row (for a row refused later, such as an identity conflict).</summary>
    public (int Start, int Length)[] Span = new (int, int)[64];

    /// <summary>Fingerprint of each row (undefined for refused rows).</summary>
    public UInt128[] Keys = new UInt128[64];

    /// <summary>Identity mode: fingerprint of each row's content; unused in content mode.</summary>
    public UInt128[] Contents = [];

    /// <summary>The vector type that holds a column's values.</summary>
    public static ColumnVector CreateVector(ColumnPlan column) => column.Type switch
    {
        ColumnType.String or ColumnType.Binary => new BytesVector(),
        ColumnType.Int or ColumnType.Date => new FixedVector<int>(),
        ColumnType.Long or ColumnType.Timestamp => new FixedVector<long>(),
        ColumnType.Double => new FixedVector<double>(),
        ColumnType.Boolean => new FixedVector<byte>(),
        ColumnType.Decimal => column.Precision <= 18 ? new FixedVector<long>() : new FixedVector<Int128>(),
        _ => throw new ArgumentOutOfRangeException(nameof(column)),
    };

    /// <summary>Makes every per-row array at least <paramref name="rows"/> long and sets <see cref="Count"/>; nothing is refused yet.</summary>
    public void SetCount(int rows)
    {
        if (rows > Refused.Length)
        {
            var size = Math.Max(rows, Refused.Length * 2);
            Array.Resize(ref Refused, size);
            Array.Resize(ref Transfer, size);
            Array.Resize(ref Position, size);
            Array.Resize(ref Span, size);
            Array.Resize(ref Keys, size);
        }

        if (Plan.Dedup.Mode == DedupMode.Identity && Contents.Length < rows) Array.Resize(ref Contents, Refused.Length);
        Array.Clear(Refused, 0, rows);
        Count = rows;
    }

    /// <summary>Memory held by the vectors and per-row arrays, in bytes.</summary>
    public long ResidentBytes => (Refused.Length * 33L) + (Contents.Length * 16L) + Rescued.ResidentBytes + EventDate.ResidentBytes + Columns.Sum(c => c.ResidentBytes);

    /// <param name="expectedBytesMax">What the texts of one column are expected to weigh at most.</param>
    public void Clear(int expectedBytesMax = int.MaxValue)
    {
        Count = 0;
        PartitionsAtMost = 0;
        Rescued.Clear();
        Rescued.ExpectedBytesMax = expectedBytesMax;
        EventDate.Clear();
        foreach (var column in Columns)
        {
            column.Clear();
            if (column is BytesVector bytes) bytes.ExpectedBytesMax = expectedBytesMax;
        }
    }
}
