using System.Buffers;
using System.Text;
using System.Text.Json;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Decoding;

/// <summary>What a decoder found, as text: records in order with their columns and extras, and rejections.</summary>
internal sealed class Decoded
{
    private Decoded() { }

    public List<Record> Records { get; } = [];

    public List<Rejection> Rejections { get; } = [];

    public static Decoded Of(TopicPlan topic, params string[] transfers) => Of(topic, [.. transfers.Select(Encoding.UTF8.GetBytes)]);

    public static Decoded Of(TopicPlan topic, byte[][] transfers, DecodeLimits? limits = null) =>
        Of(new ChunkDecoder(topic, limits ?? new DecodeLimits()), new DecodedChunk(topic), transfers);

    public static Decoded Of(ChunkDecoder decoder, DecodedChunk into, params byte[][] transfers)
    {
        using var chunk = Chunk(into.Topic, 0, transfers);
        decoder.Decode(chunk, into);
        var found = new Decoded();
        foreach (var (records, dataset) in into.Datasets.Select((d, i) => (d, i)))
        {
            for (var r = 0; r < records.Count; r++) found.Records.Add(Show(records, dataset, r, chunk.Buffer));
        }

        found.Rejections.AddRange(into.Rejections);
        return found;
    }

    public static TransferChunk Chunk(TopicPlan topic, long offset, byte[][] transfers, TopicPartition? source = null)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(1, transfers.Sum(t => t.Length)));
        var located = ArrayPool<Transfer>.Shared.Rent(transfers.Length);
        var at = 0;
        for (var i = 0; i < transfers.Length; i++)
        {
            transfers[i].CopyTo(buffer, at);
            located[i] = new Transfer(offset + i, 0, at, transfers[i].Length);
            at += transfers[i].Length;
        }

        new ByteBudget(long.MaxValue).TryLease(at, out var lease);
        var right = new CommitRight(source ?? new TopicPartition(topic.Topic, 0), offset);
        return new TransferChunk(right, new OffsetRange(offset, offset + transfers.Length), buffer, located, transfers.Length, lease);
    }

    /// <summary>The only rejection's reason, when nothing else was found.</summary>
    public ReasonCode OnlyReason()
    {
        Assert.Empty(Records);
        return Assert.Single(Rejections).Reason;
    }

    private static Record Show(DecodedRecords records, int dataset, int r, byte[] buffer)
    {
        var fields = records.Record(r).ToArray();
        var columns = records.Plan.Columns.Where(c => fields[c.Ordinal].Kind != FieldKind.Absent).ToDictionary(c => c.Name, c => Show(fields[c.Ordinal], buffer));
        var extras = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var i = records.ExtraStart[r]; i < records.ExtraStart[r + 1]; i++)
        {
            var extra = records.Extras[i];
            var raw = Encoding.UTF8.GetString(buffer, extra.NameStart, extra.NameLength);
            var name = !extra.NameEscaped ? raw : buffer[extra.NameStart - 1] == '"' && !raw.Contains("\"\"", StringComparison.Ordinal) ? JsonSerializer.Deserialize<string>($"\"{raw}\"")! : raw.Replace("\"\"", "\"", StringComparison.Ordinal);
            extras.Add(string.Concat(records.Paths[extra.Path].Segments.Select(s => s + "/")) + name, Show(extra.Value, buffer));
        }

        return new Record(records.Transfer[r], records.Position[r], dataset, columns, extras, Encoding.UTF8.GetString(buffer, records.Span[r].Start, records.Span[r].Length));
    }

    /// <summary>Texts behind a quotation mark; all else as it stands.</summary>
    private static string Show(in FieldRef field, byte[] buffer)
    {
        var raw = Encoding.UTF8.GetString(buffer, field.Start, field.Length);
        return field.Kind switch
        {
            FieldKind.Text => "\"" + raw,
            FieldKind.EscapedText => "\"" + JsonSerializer.Deserialize<string>($"\"{raw}\""),
            FieldKind.QuotedText => "\"" + raw.Replace("\"\"", "\"", StringComparison.Ordinal),
            _ => raw,
        };
    }

    internal sealed record Record(int Transfer, int Position, int Dataset, Dictionary<string, string> Columns, SortedDictionary<string, string> Extras, string Raw)
    {
        /// <summary>All of it but where it lies.</summary>
        public override string ToString() =>
            $"{Dataset} {string.Join(' ', Columns.Select(c => $"{c.Key}={c.Value}"))} | {string.Join(' ', Extras.Select(e => $"{e.Key}={e.Value}"))}";
    }
}
