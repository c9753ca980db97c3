using System.Buffers;
using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Normalizing;

/// <summary>Makes a decoded chunk by hand and normalizes it: one transfer, one dataset, columns and cells as given.</summary>
internal sealed class ChunkBuilder
{
    public static readonly TimeZoneInfo Shanghai = TimeZoneInfo.FindSystemTimeZoneById("Asia/Shanghai");

    private readonly List<(Cell[] Cells, List<Unclaimed> Extras)> _rows = [];
    private readonly List<byte> _bytes = [];
    private readonly ChunkNormalizer _normalizer;

    public ChunkBuilder(ColumnPlan[] columns, TimeZoneInfo? zone = null, int eventDate = -1, TransferFormat format = TransferFormat.Json, DedupMode mode = DedupMode.Content)
    {
        var dataset = new DatasetPlan
        {
            Name = "vehicles",
            Columns = [.. columns.Select((c, i) => c with { Ordinal = i })],
            TimeZone = zone ?? Shanghai,
            EventDateColumn = eventDate,
            Partitioning = [],
            Dedup = new DedupPlan(mode, [], [], true),
            DedupSignature = "test",
            ContractHash = "",
        };
        Topic = new TopicPlan { Topic = "vehicles", Department = "police", Format = format, Datasets = [new TopicDataset(dataset, null)] };
        _normalizer = new ChunkNormalizer(Topic);
    }

    public TopicPlan Topic { get; }

    public IReadOnlyList<FieldPath> Paths { get; init; } = [new FieldPath([])];

    public List<Rejection> Refused { get; } = [];

    public ChunkBuilder Row(params Cell[] cells)
    {
        _rows.Add((cells, []));
        return this;
    }

    /// <summary>Adds a field that no column takes to the last row.</summary>
    public ChunkBuilder Extra(string name, Cell value, int path = 0, bool nameEscaped = false)
    {
        _rows[^1].Extras.Add(new Unclaimed(name, value, path, nameEscaped));
        return this;
    }

    public NormalizedChunk Normalize(NormalizedChunk? into = null)
    {
        into ??= new NormalizedChunk(Topic);
        _normalizer.Normalize(Decode(), into);
        return into;
    }

    public DecodedChunk Decode()
    {
        _bytes.Clear();
        var decoded = new DecodedChunk(Topic);
        var spans = new List<(FieldRef[] Fields, List<ExtraField> Extras, int Start, int Length)>();
        foreach (var (cells, extras) in _rows)
        {
            var start = _bytes.Count;
            FieldRef[] fields = [.. cells.Select(Put)];
            List<ExtraField> located = [];
            foreach (var extra in extras)
            {
                var name = Put(extra.Name);
                located.Add(new ExtraField(name.Start, name.Length, extra.NameEscaped, extra.Path, Put(extra.Value)));
            }

            spans.Add((fields, located, start, _bytes.Count - start));
        }

        decoded.Reset(Chunk());
        decoded.Rejections.AddRange(Refused);
        var records = decoded.Datasets[0];
        records.Paths = Paths;
        for (var i = 0; i < spans.Count; i++)
        {
            spans[i].Fields.CopyTo(records.Next());
            records.Extras.AddRange(spans[i].Extras);
            records.Add(0, i, spans[i].Start, spans[i].Length);
        }

        return decoded;
    }

    private TransferChunk Chunk()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(1, _bytes.Count));
        _bytes.CopyTo(buffer);
        var transfers = ArrayPool<Transfer>.Shared.Rent(1);
        transfers[0] = new Transfer(0, 0, 0, _bytes.Count);
        new ByteBudget(long.MaxValue).TryLease(_bytes.Count, out var lease);
        return new TransferChunk(new CommitRight(new TopicPartition("vehicles", 0), 0), new OffsetRange(0, 1), buffer, transfers, 1, lease);
    }

    private FieldRef Put(Cell cell)
    {
        if (cell.Kind == FieldKind.Absent) return default;
        _bytes.Add((byte)'|');
        var start = _bytes.Count;
        _bytes.AddRange(Encoding.UTF8.GetBytes(cell.Raw));
        return new FieldRef(start, _bytes.Count - start, cell.Kind) { Source = cell.Source };
    }

    private readonly record struct Unclaimed(string Name, Cell Value, int Path, bool NameEscaped);
}
