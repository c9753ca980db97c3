using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Replay;

/// <summary>Turns rows of the quarantine that were taken in into rows of the table that says so.</summary>
internal sealed class ReplayMarks
{
    private static readonly DatasetPlan s_plan = ReplayedDataset.Plan;

    private readonly TopicPlan _topic = new() { Topic = "", Department = "", Format = TransferFormat.Json, Datasets = [new TopicDataset(s_plan, null)] };
    private readonly NormalizedChunk _chunk;
    private readonly Fingerprinter _fingerprinter = new(s_plan);

    public ReplayMarks() => _chunk = new NormalizedChunk(_topic);

    /// <summary>One row for each transfer of the chunk that was taken in.</summary>
    /// <param name="takenIn">For each transfer the dataset that took it in, null when several did or none; no entry when it stays refused.</param>
    public NormalizedChunk Of(TopicPlan topic, TransferChunk chunk, IReadOnlyList<QuarantinedRecord> rows, IReadOnlyDictionary<int, DatasetPlan?> takenIn)
    {
        _chunk.Topic = topic with { Datasets = _topic.Datasets };
        _chunk.Reset(chunk);
        var records = _chunk.Datasets[0];
        records.SetCount(takenIn.Count);
        var row = 0;
        foreach (var (transfer, dataset) in takenIn)
        {
            records.Transfer[row] = transfer;
            records.Position[row] = rows[transfer].Position;
            records.Span[row++] = (0, 0);
            Append(records, ReplayedDataset.Id, rows[transfer].Id);
            Append(records, ReplayedDataset.Dataset, dataset?.Name);
            Append(records, ReplayedDataset.Reason, rows[transfer].Reason);
            Append(records, ReplayedDataset.Contract, dataset?.ContractHash);
            records.Rescued.AppendNull();
            records.EventDate.AppendNull();
        }

        _fingerprinter.Fingerprint(records, topic.Department);
        return _chunk;
    }

    private static void Append(NormalizedRecords records, int column, string? text)
    {
        var vector = (BytesVector)records.Columns[column];
        if (text is null) vector.AppendNull();
        else vector.Append(Encoding.UTF8.GetBytes(text));
    }
}
