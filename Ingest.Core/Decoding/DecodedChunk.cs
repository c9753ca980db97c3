using Ingest.Core.Contracts;
using Ingest.Core.Transfers;

namespace Ingest.Core.Decoding;

/// <summary>
/// The second state of the data: records located in a chunk, as coordinates into its buffer, not as objects. One
/// <see cref="DecodedRecords"/> for each dataset of the topic, in the plan's order. Reused from chunk to chunk by one worker at a time.
/// </summary>
public sealed class DecodedChunk
{
    public DecodedChunk(TopicPlan topic)
    {
        Topic = topic;
        Datasets = [.. topic.Datasets.Select(d => new DecodedRecords(d.Plan))];
    }

    /// <summary>The topic of the chunk at hand; topics with the same datasets may share the object in turn.</summary>
    public TopicPlan Topic { get; set; }

    /// <summary>The chunk that the coordinates point into; set by <see cref="Reset"/>.</summary>
    public TransferChunk Chunk { get; private set; } = null!;

    public DecodedRecords[] Datasets { get; }

    /// <summary>Whole transfers and records refused so far, in the order found.</summary>
    public List<Rejection> Rejections { get; } = [];

    /// <summary>Gives back arrays that a huge transfer has blown up; a usual chunk of 1 MiB stays far below the bound. Nothing that was located is valid afterwards.</summary>
    public void Trim()
    {
        foreach (var dataset in Datasets) dataset.Trim();
    }

    public void Reset(TransferChunk chunk)
    {
        Chunk = chunk;
        Rejections.Clear();
        foreach (var dataset in Datasets) dataset.Clear();
    }
}

/// <summary>The located records of one dataset: parallel arrays, one entry a record; fields are record-major.</summary>
public sealed class DecodedRecords(DatasetPlan plan)
{
    private readonly int _columns = plan.Columns.Length;

    public DatasetPlan Plan { get; } = plan;

    public int Count { get; private set; }

    /// <summary>Index of the transfer in the chunk, one per record.</summary>
    public int[] Transfer = new int[64];

    /// <summary>Position of the record in its transfer, one per record.</summary>
    public int[] Position = new int[64];

    /// <summary>First byte and length of the whole record in the buffer, one per record.</summary>
    public (int Start, int Length)[] Span = new (int, int)[64];

    /// <summary>Record r, column c at [r * columns + c]; kind Absent when none of the column's sources is present.</summary>
    public FieldRef[] Fields = new FieldRef[64 * plan.Columns.Length];

    /// <summary>Fields that no column takes; those of record r are [ExtraStart[r], ExtraStart[r + 1]).</summary>
    public List<ExtraField> Extras { get; } = [];

    /// <summary>The object paths that <see cref="ExtraField.Path"/> refers to; entry 0 is the record itself. Set by the decoder.</summary>
    public IReadOnlyList<FieldPath> Paths { get; set; } = [new FieldPath([])];

    /// <summary>One more entry than there are records.</summary>
    public int[] ExtraStart = new int[65];

    public ReadOnlySpan<FieldRef> Record(int record) => Fields.AsSpan(record * _columns, _columns);

    /// <summary>The fields of a record about to be added: fill them, then <see cref="Add"/>. They are cleared to Absent.</summary>
    public Span<FieldRef> Next()
    {
        if (Count == Transfer.Length) Grow();
        var next = Fields.AsSpan(Count * _columns, _columns);
        next.Clear();
        return next;
    }

    /// <summary>Adds the record filled in by <see cref="Next"/>, with the extras added since the last record.</summary>
    public void Add(int transfer, int position, int start, int length)
    {
        Transfer[Count] = transfer;
        Position[Count] = position;
        Span[Count] = (start, length);
        Count++;
        ExtraStart[Count] = Extras.Count;
    }

    /// <summary>Forgets the extras of a record that is not going to be added.</summary>
    public void Abandon() => Extras.RemoveRange(ExtraStart[Count], Extras.Count - ExtraStart[Count]);

    /// <summary>Takes back the records from <paramref name="count"/> on: the transfer they came from turned out to be broken.</summary>
    internal void Truncate(int count)
    {
        Count = count;
        Abandon();
    }

    internal void Clear()
    {
        Count = 0;
        Extras.Clear();
    }

    internal void Trim()
    {
        const int BytesMax = 16 << 20;
        if (Fields.Length * 16L <= BytesMax && Extras.Capacity * 32L <= BytesMax) return;
        Count = 0;
        Transfer = new int[64];
        Position = new int[64];
        Span = new (int, int)[64];
        Fields = new FieldRef[64 * _columns];
        ExtraStart = new int[65];
        Extras.Clear();
        Extras.TrimExcess();
    }

    private void Grow()
    {
        var size = Transfer.Length * 2;
        Array.Resize(ref Transfer, size);
        Array.Resize(ref Position, size);
        Array.Resize(ref Span, size);
        Array.Resize(ref Fields, size * _columns);
        Array.Resize(ref ExtraStart, size + 1);
    }
}

/// <summary>Where one value lies in the chunk's buffer. For texts without the quotes.</summary>
public readonly record struct FieldRef(int Start, int Length, FieldKind Kind)
{
    /// <summary>Which of the column's sources the value comes from: an index in <see cref="ColumnPlan.Sources"/>.</summary>
    public byte Source { get; init; }
}

/// <summary>A field that no column takes: its name (JSON: escaped as it stands, without quotes) and its value.</summary>
/// <param name="Path">Ordinal of the enclosing object's path in <see cref="DecodedRecords.Paths"/>; 0 for the record itself.</param>
public readonly record struct ExtraField(int NameStart, int NameLength, bool NameEscaped, int Path, FieldRef Value);

public enum FieldKind : byte
{
    /// <summary>Not in the record.</summary>
    Absent = 0,

    /// <summary>JSON null.</summary>
    Null,

    /// <summary>Text that can be used as it stands.</summary>
    Text,

    /// <summary>JSON text with backslash escapes.</summary>
    EscapedText,

    /// <summary>CSV text with doubled quotes.</summary>
    QuotedText,

    /// <summary>JSON number, as written.</summary>
    Number,

    True,
    False,

    /// <summary>A JSON object or array, whole.</summary>
    Composite,
}
