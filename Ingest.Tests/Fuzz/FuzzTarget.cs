using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Deduplicating;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Normalizing;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Transfers;

namespace Ingest.Fuzz;

/// <summary>
/// One topic's decode, normalize, fingerprint and quarantine, and what must hold after any input: each record accounted for once, neighbours unharmed, refused bytes kept
/// as they came, and nothing in a row that its column or its folder cannot hold.
/// </summary>
internal sealed class FuzzTarget
{
    private const int MillisecondsMax = 1000;

    private readonly TopicPlan _topic;
    private readonly ChunkDecoder _decoder;
    private readonly ChunkNormalizer _normalizer;
    private readonly Fingerprinter _fingerprinter;
    private readonly DecodedChunk _decoded;
    private readonly NormalizedChunk _normalized;
    private readonly QuarantineRows _quarantine = new("fuzz");
    private readonly byte[] _neighbour;
    private readonly UInt128[] _neighbourKeys;

    public FuzzTarget(TopicPlan topic, byte[] neighbour)
    {
        _topic = topic;
        _decoder = new ChunkDecoder(topic, new DecodeLimits());
        _normalizer = new ChunkNormalizer(topic);
        _fingerprinter = new Fingerprinter(topic.Datasets[0].Plan);
        _decoded = new DecodedChunk(topic);
        _normalized = new NormalizedChunk(topic);
        _neighbour = neighbour;
        using var chunk = Run([neighbour]);
        _neighbourKeys = KeysOf(0);
        if (_neighbourKeys.Length == 0 || _normalized.Rejections.Count > 0) throw new InvalidOperationException($"The neighbour of {topic.Topic} is not what it should be.");
    }

    /// <summary>Rows and refusals so far.</summary>
    public long Rows { get; private set; }

    public long Refusals { get; private set; }

    /// <summary>Runs messages, each between two neighbours; what is wrong, or null.</summary>
    public string? Check(IReadOnlyList<byte[]> messages)
    {
        var transfers = new byte[(messages.Count * 2) + 1][];
        for (var i = 0; i < transfers.Length; i++) transfers[i] = i % 2 == 1 ? messages[i / 2] : _neighbour;
        try
        {
            using var chunk = Run(transfers);
            for (var t = 0; t < transfers.Length; t++)
            {
                if (CheckTransfer(chunk, t, isNeighbour: t % 2 == 0) is { } wrong) return $"{wrong}\n{Convert.ToBase64String(transfers[t])}";
            }

            return CheckQuarantine(chunk) ?? CheckValues();
        }
#pragma warning disable CA1031 // Whatever is thrown is what the fuzzer looks for.
        catch (Exception crash)
#pragma warning restore CA1031
        {
            return messages.Count == 1 ? $"{crash}\n{Convert.ToBase64String(messages[0])}" : messages.Select(m => Check([m])).FirstOrDefault(w => w is not null) ?? crash.ToString();
        }
    }

    /// <summary>Whether a message takes more of the processor than it may, by the best of three tries. For a process that does nothing else.</summary>
    public string? CheckTime(byte[] message)
    {
        var best = double.MaxValue;
        for (var i = 0; i < 3 && best > MillisecondsMax; i++)
        {
            var before = Environment.CpuUsage.TotalTime;
            if (Check([message]) is { } wrong) return wrong;
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - before).TotalMilliseconds);
        }

        return best > MillisecondsMax ? $"{message.Length} bytes take {best:F0} ms" : null;
    }

    private TransferChunk Run(byte[][] transfers)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(1, transfers.Sum(t => t.Length)));
        var located = ArrayPool<Transfer>.Shared.Rent(transfers.Length);
        var at = 0;
        for (var i = 0; i < transfers.Length; i++)
        {
            transfers[i].CopyTo(buffer, at);
            located[i] = new Transfer(i, 1_767_268_800_000 + i, at, transfers[i].Length);
            at += transfers[i].Length;
        }

        new ByteBudget(long.MaxValue).TryLease(at, out var lease);
        var chunk = new TransferChunk(new CommitRight(new TopicPartition(_topic.Topic, 0), 0), new OffsetRange(0, transfers.Length), buffer, located, transfers.Length, lease);
        _decoder.Decode(chunk, _decoded);
        _normalizer.Normalize(_decoded, _normalized);
        _fingerprinter.Fingerprint(_normalized.Datasets[0], _topic.Department);
        Rows += _normalized.Datasets[0].Count;
        Refusals += _normalized.Rejections.Count;
        return chunk;
    }

    private UInt128[] KeysOf(int transfer)
    {
        var records = _normalized.Datasets[0];
        return [.. Enumerable.Range(0, records.Count).Where(r => records.Transfer[r] == transfer && records.Refused[r] == 0).Select(r => records.Keys[r])];
    }

    private string? CheckTransfer(TransferChunk chunk, int transfer, bool isNeighbour)
    {
        if (isNeighbour && !KeysOf(transfer).AsSpan().SequenceEqual(_neighbourKeys)) return "a neighbour was harmed";
        var records = _normalized.Datasets[0];
        var rows = Enumerable.Range(0, records.Count).Where(r => records.Transfer[r] == transfer).ToList();
        var accepted = rows.Where(r => records.Refused[r] == 0).Select(r => records.Position[r]).ToList();
        var refused = _normalized.Rejections.Where(r => r.Transfer == transfer).ToList();
        var whole = refused.Count(r => r.Position < 0);
        if (whole == 0 && rows.Count - accepted.Count > refused.Count) return "a row is marked as refused and no refusal says why";
        if (whole > 0 && (whole > 1 || refused.Count > 1 || accepted.Count > 0)) return "a whole transfer is refused, and something else of it is there too";
        if (whole == 0)
        {
            var positions = accepted.Concat(refused.Select(r => r.Position)).Order().ToList();
            if (!positions.SequenceEqual(Enumerable.Range(0, positions.Count))) return $"positions are {string.Join(',', positions.Take(50))}";
        }

        ref readonly var at = ref chunk.Transfers[transfer];
        foreach (var r in refused)
        {
            if (r.Start < at.Start || r.Start + r.Length > at.Start + at.Length || r.Length < 0) return "the bytes of a refusal are not its transfer's";
            if (r.Position < 0 && r.Length < at.Length && !(r.Length == at.Length - 3 && chunk.Buffer.AsSpan(at.Start, 3).SequenceEqual("\uFEFF"u8))) return "a whole transfer is refused, and not all of its bytes are kept";
        }

        return null;
    }

    private string? CheckQuarantine(TransferChunk chunk)
    {
        _quarantine.Reset(_topic, chunk);
        foreach (var rejection in _normalized.Rejections) _quarantine.Add(rejection);
        _quarantine.Fingerprint();
        var raw = (BytesVector)_quarantine.Records.Columns[QuarantineDataset.Raw];
        var headers = (BytesVector)_quarantine.Records.Columns[QuarantineDataset.Header];
        if (headers.Offsets[headers.Count] > QuarantineRows.HeaderBytesMax + (2 * chunk.Buffer.Length)) return $"headers of {headers.Offsets[headers.Count]} bytes are kept of {chunk.Buffer.Length}";
        var keys = new HashSet<UInt128>();
        for (var i = 0; i < _quarantine.Count; i++)
        {
            var rejection = _normalized.Rejections[i];
            if (!raw[i].SequenceEqual(chunk.Buffer.AsSpan(rejection.Start, rejection.Length))) return "the quarantine has other bytes than came";
            if (!keys.Add(_quarantine.Records.Keys[i])) return "two refusals have one place";
            foreach (var column in (ReadOnlySpan<int>)[QuarantineDataset.Detail, QuarantineDataset.Id])
            {
                if (!Utf8.IsValid(((BytesVector)_quarantine.Records.Columns[column])[i])) return "the detail of a refusal is no text";
            }
        }

        return null;
    }

    private string? CheckValues()
    {
        var plan = _topic.Datasets[0].Plan;
        var records = _normalized.Datasets[0];
        for (var row = 0; row < records.Count; row++)
        {
            if (records.Refused[row] != 0) continue;
            foreach (var column in plan.Columns)
            {
                var vector = records.Columns[column.Ordinal];
                if (vector.Count != records.Count) return $"column {column.Name} has {vector.Count} values for {records.Count} rows";
                if (vector is BytesVector text && !Utf8.IsValid(text[row])) return $"column {column.Name} holds what is no text";
                if (vector is FixedVector<double> number && !double.IsFinite(number.Values[row])) return $"column {column.Name} holds {number.Values[row]}";
            }

            if (records.Rescued.Valid[row] != 0) CheckJson(records.Rescued[row]);
            if (CheckFolder(plan, records, row) is { } wrong) return wrong;
        }

        return null;
    }

    /// <summary>Throws what a reader of the column would.</summary>
    private static void CheckJson(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = DecodeLimits.DepthMax + 8 });
        while (reader.Read())
        {
            // Reading on is the check.
        }
    }

    private string? CheckFolder(DatasetPlan plan, NormalizedRecords records, int row)
    {
        var values = plan.Partitioning.Select(p => p.Kind switch
        {
            PartitionKind.Department => _topic.Department,
            PartitionKind.EventDate => records.EventDate.Valid[row] != 0 ? PartitionValue.Date(records.EventDate.Values[row]) : null,
            _ => PartitionValue.Of(plan.Columns[p.Column], records.Columns[p.Column], row),
        }).ToImmutableArray();
        var folder = PartitionPath.Folder([.. plan.Partitioning.Select(p => p.Name)], values);
        var segments = folder.Split('/');
        return segments.Length == plan.Partitioning.Length + 1 && segments[..^1].All(s => s.Contains('=', StringComparison.Ordinal) && s is not (".." or ".") && Encoding.UTF8.GetByteCount(s) <= 255) && !folder.Contains('\0', StringComparison.Ordinal)
            ? null
            : $"the folder of a row is '{folder}'";
    }
}
