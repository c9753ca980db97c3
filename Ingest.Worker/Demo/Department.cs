using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Transfers;

namespace Ingest.Worker.Demo;

/// <summary>One simulated department: makes up records, repeats and corrects some, sends some transfers twice and some broken, and writes down what should come of it.</summary>
internal sealed class Department(TopicPlan topic, Random random, long firstSerial, Truth truth)
{
    private const int Remembered = 64;

    private readonly TransferText _text = new(topic, random);
    private readonly List<SyntheticRecord> _known = [];
    private readonly List<(byte[] Payload, int Records, List<ReasonCode> Refusals)> _sent = [];
    private long _serial = firstSerial;

    public string Topic => topic.Topic;

    public string Name => topic.Department;

    public byte[] Next(int records)
    {
        if (_sent.Count > 0 && random.NextDouble() < Recipe.ResentTransfers) return Resend();
        var refusals = new List<ReasonCode>();
        var isBroken = random.NextDouble() < Recipe.BrokenTransfers;
        var accepted = new List<SyntheticRecord>();
        var lines = new List<(List<TransferText.Field>, string?, string?)>();
        var withUnknown = topic.Format == TransferFormat.Csv && random.NextDouble() < Recipe.UnknownFields;
        for (var i = 0; i < records; i++) lines.Add(Line(withUnknown, accepted, refusals));

        var payload = isBroken ? Break(lines, accepted, refusals) : _text.Write(lines);
        foreach (var record in accepted) truth.Row(Name, record);
        foreach (var reason in refusals) truth.Refusal(Name, reason);
        _sent.Add((payload, accepted.Count, refusals));
        if (_sent.Count > Remembered) _sent.RemoveAt(0);
        return payload;
    }

    private byte[] Resend()
    {
        var (payload, records, refusals) = _sent[random.Next(_sent.Count)];
        truth.Count(Name, records);
        foreach (var reason in refusals) truth.Refusal(Name, reason);
        return payload;
    }

    private (List<TransferText.Field>, string?, string?) Line(bool withUnknown, List<SyntheticRecord> accepted, List<ReasonCode> refusals)
    {
        var roll = random.NextDouble();
        if (roll < Recipe.RepeatedRecords && Known(withUnknown) is { } repeated)
        {
            accepted.Add(repeated);
            return Wrapped(repeated, _text.Dressed(repeated));
        }

        if (roll < Recipe.RepeatedRecords + Recipe.CorrectedRecords && Known(withUnknown) is { } wrong && Corrected(wrong) is { } corrected)
        {
            if (wrong.Plan.Dedup.Mode == DedupMode.Identity) refusals.Add(ReasonCode.IdentityConflict);
            else accepted.Add(corrected);
            return Wrapped(corrected, _text.Dressed(corrected));
        }

        var record = Fresh(withUnknown);
        roll = random.NextDouble();
        if (roll < Recipe.MissingRequired) return Refused(record, ReasonCode.MissingRequired, record.Plan.Columns.Where(c => c.Required), refusals);
        if (roll < Recipe.MissingRequired + Recipe.WrongTypes)
        {
            var typed = record.Plan.Columns.Where(c => c.Type != ColumnType.String && c.OnMismatch == MismatchPolicy.Quarantine && c.Constant is null);
            return Refused(record, ReasonCode.TypeMismatch, typed, refusals);
        }

        accepted.Add(record);
        _known.Add(record);
        if (_known.Count > Remembered) _known.RemoveAt(0);
        return Wrapped(record, _text.Dressed(record));
    }

    private (List<TransferText.Field>, string?, string?) Refused(SyntheticRecord record, ReasonCode reason, IEnumerable<ColumnPlan> candidates, List<ReasonCode> refusals)
    {
        var columns = candidates.ToArray();
        var column = columns[random.Next(columns.Length)].Ordinal;
        refusals.Add(reason);
        return Wrapped(record, reason == ReasonCode.MissingRequired ? _text.Dressed(record, left: column) : _text.Dressed(record, wrong: column));
    }

    private (List<TransferText.Field>, string?, string?) Wrapped(SyntheticRecord record, List<TransferText.Field> fields) =>
        (fields, topic.Datasets.First(d => d.Plan == record.Plan).SelectValue, topic.Claim);

    private SyntheticRecord Fresh(bool withUnknown)
    {
        var plan = topic.Datasets[random.Next(topic.Datasets.Length)].Plan;
        var when = Recipe.FirstDay.AddDays(random.Next(Recipe.Days));
        if (random.NextDouble() < Recipe.LateRecords) when = when.AddDays(-random.Next(2, Recipe.LateDaysMax));
        _serial++;
        var values = plan.Columns.Select(c => c.Constant is not null ? c.Constant : c.Required || random.NextDouble() >= Recipe.MissingValues ? CleanValues.Of(c, random, _serial, when) : c.Default).ToArray();
        var unfit = -1;
        var rescuing = plan.Columns.Where(c => c.OnMismatch == MismatchPolicy.Rescue).ToArray();
        if (rescuing.Length > 0 && random.NextDouble() < Recipe.RescuedValues)
        {
            unfit = rescuing[random.Next(rescuing.Length)].Ordinal;
            values[unfit] = null;
        }

        var unknown = unfit < 0 && (withUnknown || (topic.Format != TransferFormat.Csv && random.NextDouble() < Recipe.UnknownFields));
        return new SyntheticRecord(plan, values, unknown ? $"补充{random.Next(10)}" : null, unfit);
    }

    /// <summary>A record sent before; in CSV only one that fits the transfer's header.</summary>
    private SyntheticRecord? Known(bool withUnknown)
    {
        if (_known.Count == 0) return null;
        var known = _known[random.Next(_known.Count)];
        return topic.Format == TransferFormat.Csv && (known.UnknownField is not null) != withUnknown ? null : known;
    }

    /// <summary>The same record with one value changed; null when it has none that may change.</summary>
    private static SyntheticRecord? Corrected(SyntheticRecord record)
    {
        var identity = record.Plan.Dedup.Mode == DedupMode.Identity ? record.Plan.Dedup.KeyColumns : [];
        var column = record.Plan.Columns.FirstOrDefault(c => c.Type == ColumnType.Boolean && !identity.Contains(c.Ordinal));
        if (column is null) return null;
        var values = (string?[])record.Values.Clone();
        values[column.Ordinal] = values[column.Ordinal] == "true" ? "false" : "true";
        return record with { Values = values };
    }

    /// <summary>A transfer that breaks the rules of its format in one of several ways.</summary>
    private byte[] Break(List<(List<TransferText.Field>, string?, string?)> lines, List<SyntheticRecord> accepted, List<ReasonCode> refusals)
    {
        switch (topic.Format)
        {
            case TransferFormat.Csv:
                refusals.Add(ReasonCode.CsvMalformed);
                return _text.Write(lines, string.Join(topic.Delimiter, Enumerable.Repeat("多", lines[0].Item1.Count + 1)) + "\n");
            case TransferFormat.Ndjson:
                refusals.Add(ReasonCode.NotJson);
                return _text.Write(lines, "{\"断\":\n");
            case TransferFormat.Json when topic.SelectField is not null && random.Next(2) == 0:
                refusals.Add(ReasonCode.UnknownDataset);
                return _text.Write(lines, $"{{\"{topic.SelectField.Segments[0]}\":\"boat\"}}");
            case TransferFormat.Json when topic.ClaimField is not null:
                refusals.Add(ReasonCode.DepartmentMismatch);
                return _text.Write(lines, $"{{\"{topic.SelectField!.Segments[0]}\":\"{topic.Datasets[0].SelectValue}\",\"{topic.ClaimField.Segments[0]}\":\"XX\"}}");
            default:
                // Nothing of it arrives, so nothing of it may count as known.
                _known.RemoveAll(accepted.Contains);
                accepted.Clear();
                refusals.Clear();
                var whole = _text.Write(lines);
                if (random.Next(2) == 0)
                {
                    refusals.Add(ReasonCode.NotJson);
                    var cut = whole.Length / 2;
                    while ((whole[cut] & 0xC0) == 0x80) cut--; // not inside a character: that would be another refusal
                    return whole[..cut];
                }

                refusals.Add(ReasonCode.NotUtf8);
                var at = whole.AsSpan().IndexOf(Encoding.UTF8.GetBytes("\":"));
                return [.. whole[..at], 0xFF, .. whole[at..]];
        }
    }
}
