using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Normalizing;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Replay;

/// <summary>
/// Sends rows of the quarantine on to a Kafka topic, after they are committed. How far it has come is an offset in the quarantine's own log, moved when all letters
/// are acknowledged: so each row is sent at least once. It is sent again when a worker dies in between, or when two send at the same time; the id tells.
/// </summary>
public sealed class DeadLetters(IObjectStore pool, string topic, IdSource ids, TimeProvider time)
{
    private readonly PrefixedStore _store = new(pool, QuarantineDataset.Name);
    private readonly TableRows _rows = new(QuarantineDataset.Plan);
    private readonly string _appId = AppId.For("dead-letters", new TopicPartition(topic, 0));
    private DeltaTable? _table;

    /// <summary>Whether there are commits that were not looked at yet. Cheap.</summary>
    public async Task<bool> AnyAsync(CancellationToken cancellation)
    {
        _table ??= await DeltaTable.OpenAsync(_store, QuarantineDataset.Name, ids, time, cancellation);
        if (_table is null) return false;
        await _table.RefreshAsync(cancellation);
        return Next <= _table.Current.Version;
    }

    /// <summary>Sends what was quarantined since, and notes it. Returns how many letters it sent.</summary>
    /// <param name="send">Returns when all of the letters are acknowledged.</param>
    public async Task<long> ForwardAsync(Func<IReadOnlyList<DeadLetter>, CancellationToken, Task> send, CancellationToken cancellation)
    {
        if (!await AnyAsync(cancellation)) return 0;
        var (from, to) = (Next, _table!.Current.Version + 1);
        var (sent, files) = (0L, 0);
        await foreach (var add in AddedAsync(from, to, cancellation))
        {
            files++;
            await foreach (var records in _rows.ReadAsync(_store, add, cancellation))
            {
                var letters = Enumerable.Range(0, records.Count).Select(row => Letter(records, row, add.PartitionValues.GetValueOrDefault(SystemColumns.Department) ?? "")).ToList();
                await send(letters, cancellation);
                sent += letters.Count;
            }
        }

        // Entries without rows (our own notes among them) are looked at again until there are some: a note of them would make the next one.
        if (files > 0) await _table.CommitAsync(Note(from, to), _ => _appId, cancellation);
        return sent;
    }

    private long Next => _table!.Current.Txns.TryGetValue(_appId, out var next) ? next : 0;

    private async IAsyncEnumerable<LogAction.Add> AddedAsync(long from, long to, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // Entries that were cleaned away unsent can be read by nobody; then it goes on at the oldest there is.
        var entries = await _store.SizeAsync(LogNames.Entry(from), cancellation) is null ? LogReader.RetainedAsync(_store, cancellation) : LogReader.EntriesAsync(_store, from, cancellation);
        await foreach (var (version, actions) in entries)
        {
            if (version >= to) break;
            foreach (var add in actions.OfType<LogAction.Add>().Where(a => a.DataChange)) yield return add;
        }
    }

    private CommitRequest Note(long from, long to) => new()
    {
        TransactionId = ids.Next(),
        Files = [],
        Ranges =
        [
            new RangeAccount
            {
                Right = new CommitRight(new TopicPartition(topic, 0), from), Department = "", Range = new OffsetRange(from, to),
                Records = 0, Written = 0, Duplicates = 0, Quarantined = 0, PublishedUntilMs = 0,
            },
        ],
        Run = null,
        DeduplicatedAt = _table!.Current.Version,
        Operation = "DEAD LETTERS",
        ContractHash = QuarantineDataset.Plan.ContractHash,
    };

    private static DeadLetter Letter(NormalizedRecords records, int row, string department)
    {
        var headers = new List<(string, byte[])> { ("ingest-department", Encoding.UTF8.GetBytes(department)) };
        foreach (var (name, column) in (ReadOnlySpan<(string, int)>)
        [
            ("ingest-id", QuarantineDataset.Id), ("ingest-dataset", QuarantineDataset.Dataset), ("ingest-reason", QuarantineDataset.Reason), ("ingest-field", QuarantineDataset.Field),
            ("ingest-detail", QuarantineDataset.Detail), ("ingest-contract", QuarantineDataset.Contract), (DeadLetter.CsvHeader, QuarantineDataset.Header),
        ])
        {
            var vector = (BytesVector)records.Columns[column];
            if (vector.Valid[row] != 0) headers.Add((name, vector[row].ToArray()));
        }

        return new DeadLetter(Encoding.UTF8.GetString(((BytesVector)records.Columns[QuarantineDataset.Id])[row]), ((BytesVector)records.Columns[QuarantineDataset.Raw])[row].ToArray(), headers);
    }
}

/// <summary>A refused record as a message: the key is its id, the value its bytes, the headers say the rest.</summary>
public sealed record DeadLetter(string Id, byte[] Raw, IReadOnlyList<(string Name, byte[] Value)> Headers)
{
    /// <summary>Says in place of the bytes, where the topic takes no message so large, how many they are.</summary>
    public const string BytesLeftOut = "ingest-bytes-left-out";

    /// <summary>The same without what may be large: its bytes and the header of its CSV. Both are in the quarantine, by the id.</summary>
    public DeadLetter WithoutBytes() =>
        this with { Raw = [], Headers = [.. Headers.Where(h => h.Name != CsvHeader), (BytesLeftOut, Encoding.UTF8.GetBytes(Raw.Length.ToString(CultureInfo.InvariantCulture)))] };

    internal const string CsvHeader = "ingest-csv-header";
}
