using Ingest.Core.Contracts;
using Ingest.Core.Transfers;

namespace Ingest.Core.Decoding;

/// <summary>
/// The second state of the data: records located in a chunk, as coordinates into its buffer, not as objects. One
/// <see cref="DecodedRecords"/> for each dataset of the topic, in the plan's order. Reused from chunk to chunk by one worker at a time.
/// </summary>
public sealed class DecodedChunk
{
    // Of a usual chunk there are far fewer.
    private const int RejectionsKeptMax = 16_384;

    private readonly int[] _countsBefore;
    private readonly List<long> _left = [];
    private int _rejectionsBefore;
    private long _weightMax;

    public DecodedChunk(TopicPlan topic)
    {
        Topic = topic;
        Datasets = [.. topic.Datasets.Select(d => new DecodedRecords(d.Plan, Room))];
        _countsBefore = new int[Datasets.Length];
    }

    /// <summary>The topic of the chunk at hand; topics with the same datasets may share the object in turn.</summary>
    public TopicPlan Topic { get; set; }

    /// <summary>The chunk that the coordinates point into; set by <see cref="Reset"/>.</summary>
    public TransferChunk Chunk { get; private set; } = null!;

    public DecodedRecords[] Datasets { get; }

    /// <summary>Whole transfers and records refused so far, in the order found.</summary>
    public List<Rejection> Rejections { get; } = [];

    /// <summary>What the transfer at hand may still weigh.</summary>
    internal TransferRoom Room { get; } = new();

    /// <summary>Gives back arrays that a huge transfer has blown up; a usual chunk of 1 MiB stays far below the bound. Nothing that was located is valid afterwards.</summary>
    public void Trim()
    {
        foreach (var dataset in Datasets) dataset.Trim();
        if (Rejections.Capacity <= RejectionsKeptMax) return;
        Rejections.Clear();
        Rejections.TrimExcess();
    }

    public void Reset(TransferChunk chunk)
    {
        Chunk = chunk;
        Rejections.Clear();
        _left.Clear();
        Room.Reset();
        IsAnyOver = false;
        foreach (var dataset in Datasets) dataset.Clear();
    }

    /// <summary>Begins the next transfer, which may weigh so much.</summary>
    internal void Begin(long weightMax)
    {
        _weightMax = weightMax;
        Room.Begin(weightMax);
        for (var i = 0; i < Datasets.Length; i++) _countsBefore[i] = Datasets[i].Count;
        _rejectionsBefore = Rejections.Count;
    }

    /// <summary>Refuses a record or line of the transfer at hand, or all of it.</summary>
    internal void Refuse(in Rejection rejection)
    {
        Room.Left -= TransferRoom.RefusalBytes;
        if (Room.IsOver) return;
        Room.Weigh();
        Rejections.Add(rejection);
    }

    /// <summary>Ends the transfer: one that weighs too much is refused whole, and what was found in it is taken back.</summary>
    internal void End(int transfer)
    {
        if (Room.IsOver)
        {
            var records = 0;
            for (var i = 0; i < Datasets.Length; i++)
            {
                records += Datasets[i].Count - _countsBefore[i];
                Datasets[i].Truncate(_countsBefore[i]);
            }

            var refused = Rejections.Count - _rejectionsBefore;
            var why = refused == 0 ? "" : $" and {refused} refusals (the first: {Rejections[_rejectionsBefore].Reason.Text()})";
            Rejections.RemoveRange(_rejectionsBefore, refused);
            Room.Left = 0;
            Rejections.Add(TooHeavy(transfer, $"{records} records{why}"));
        }

        _left.Add(Room.Left);
    }

    /// <summary>Whether one more record of a transfer may be refused by itself, now that all are located.</summary>
    internal bool MayRefuse(int transfer)
    {
        if (transfer >= _left.Count) return true;
        IsAnyOver |= (_left[transfer] -= TransferRoom.RefusalBytes) < 0;
        return !IsOver(transfer);
    }

    /// <summary>Whether more records of a transfer were to be refused than may be.</summary>
    internal bool IsOver(int transfer) => transfer < _left.Count && _left[transfer] < 0;

    /// <summary>Whether any transfer is.</summary>
    internal bool IsAnyOver { get; private set; }

    /// <summary>The refusal of a whole transfer that would weigh too much.</summary>
    internal Rejection TooHeavy(int transfer, string after)
    {
        ref readonly var at = ref Chunk.Transfers[transfer];
        var detail = $"taken apart, it would take more than {_weightMax >> 20} MiB of memory: {after} were read until then. Split it into smaller transfers.";
        return new Rejection(transfer, -1, ReasonCode.TooLarge, Topic.DatasetOfUnread, -1, at.Start, at.Length, detail);
    }
}

/// <summary>The located records of one dataset: parallel arrays, one entry a record; fields are record-major.</summary>
public sealed class DecodedRecords
{
    /// <summary>Records in a block of fields. A whole number of them is added at a time, so growing copies nothing.</summary>
    public const int BlockRecords = 1024;

    // Beyond, lists and arrays are not doubled any more: half of that would be for nothing.
    private const int DoubledMax = 1 << 16;

    private readonly int _columns;
    private readonly int _recordBytes;
    private readonly TransferRoom _room;
    private readonly List<FieldRef[]> _blocks = [];
    private long _leftBefore;

    internal DecodedRecords(DatasetPlan plan, TransferRoom room)
    {
        Plan = plan;
        _columns = plan.Columns.Length;
        _recordBytes = RecordWeight.Of(plan);
        _room = room;
    }

    public DatasetPlan Plan { get; }

    public int Count { get; private set; }

    /// <summary>Index of the transfer in the chunk, one per record.</summary>
    public int[] Transfer = new int[64];

    /// <summary>Position of the record in its transfer, one per record.</summary>
    public int[] Position = new int[64];

    /// <summary>First byte and length of the whole record in the buffer, one per record.</summary>
    public (int Start, int Length)[] Span = new (int, int)[64];

    /// <summary>Fields that no column takes; those of record r are [ExtraStart[r], ExtraStart[r + 1]).</summary>
    public List<ExtraField> Extras { get; } = [];

    /// <summary>The object paths that <see cref="ExtraField.Path"/> refers to; entry 0 is the record itself. Set by the decoder.</summary>
    public IReadOnlyList<FieldPath> Paths { get; set; } = [new FieldPath([])];

    /// <summary>The transfer at hand is refused whole, and fields are missing here.</summary>
    internal bool IsOver => _room.IsOver;

    /// <summary>One more entry than there are records.</summary>
    public int[] ExtraStart = new int[65];

    /// <summary>One field a column; kind Absent when none of the column's sources is present.</summary>
    public ReadOnlySpan<FieldRef> Record(int record) => _blocks[record / BlockRecords].AsSpan(record % BlockRecords * _columns, _columns);

    /// <summary>The fields of record <paramref name="first"/>, a multiple of <see cref="BlockRecords"/>, and of those behind it in its block: record after record.</summary>
    public ReadOnlySpan<FieldRef> Block(int first) => _blocks[first / BlockRecords];

    /// <summary>The fields of a record about to be added: fill them, then <see cref="Add"/>. They are cleared to Absent.</summary>
    public Span<FieldRef> Next()
    {
        if (Count == Transfer.Length) Grow();
        if (Count == _blocks.Count * BlockRecords) _blocks.Add(GC.AllocateUninitializedArray<FieldRef>(BlockRecords * _columns));
        _leftBefore = _room.Left;
        _room.Weigh();
        var next = _blocks[Count / BlockRecords].AsSpan(Count % BlockRecords * _columns, _columns);
        next.Clear();
        return next;
    }

    /// <summary>Adds a field that no column takes to the record about to be added.</summary>
    internal void AddExtra(in ExtraField field)
    {
        _room.Left -= TransferRoom.FieldBytes;
        if (_room.IsOver) return;
        _room.Weigh();
        if (Extras.Count == Extras.Capacity && Extras.Count > DoubledMax) Extras.Capacity += Extras.Count / 2;
        Extras.Add(field);
    }

    /// <summary>Adds the record filled in by <see cref="Next"/>, with the extras added since the last record.</summary>
    public void Add(int transfer, int position, int start, int length)
    {
        _room.Left -= _recordBytes;
        Transfer[Count] = transfer;
        Position[Count] = position;
        Span[Count] = (start, length);
        Count++;
        ExtraStart[Count] = Extras.Count;
    }

    /// <summary>Forgets the extras of a record that is not going to be added.</summary>
    public void Abandon()
    {
        Drop();
        _room.Left = _leftBefore;
    }

    /// <summary>Takes back the records from <paramref name="count"/> on: the transfer they came from turned out to be broken.</summary>
    internal void Truncate(int count)
    {
        Count = count;
        Drop();
    }

    internal void Clear()
    {
        Count = 0;
        Extras.Clear();
    }

    internal void Trim()
    {
        const int BytesMax = 16 << 20;
        if (_blocks.Count * (long)BlockRecords * _columns * 16 <= BytesMax && Extras.Capacity * 32L <= BytesMax && Transfer.Length * 24L <= BytesMax) return;
        Count = 0;
        Transfer = new int[64];
        Position = new int[64];
        Span = new (int, int)[64];
        ExtraStart = new int[65];
        _blocks.Clear();
        Extras.Clear();
        Extras.TrimExcess();
    }

    private void Drop() => Extras.RemoveRange(ExtraStart[Count], Extras.Count - ExtraStart[Count]);

    private void Grow()
    {
        var size = Transfer.Length < DoubledMax ? Transfer.Length * 2 : Transfer.Length + (Transfer.Length / 2);
        Array.Resize(ref Transfer, size);
        Array.Resize(ref Position, size);
        Array.Resize(ref Span, size);
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
