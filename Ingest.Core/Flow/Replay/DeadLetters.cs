using System.Globalization;
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
/// Sends rows of the quarantine on to a Kafka topic, after they are committed. How far it has come is an offset in the quarantine's own log, moved when letters
/// are acknowledged: so each row is sent at least once. It is sent again when a worker dies in between, or when two send at the same time; the id tells.
/// </summary>
/// <remarks>
/// Rows are sent from the files that each entry added. Where such a file is gone, because it was sealed and vacuumed since, or the entry itself was cleaned away, its rows are in a file that is live now, among others
/// that were sent: then the live files of all partitions that have changed since are sent, whole.
/// </remarks>
/// <param name="cacheFolder">Local folder for files that are being read, when they are large; may be deleted at any time. Null: they are held in memory.</param>
public sealed class DeadLetters(IObjectStore pool, string topic, IdSource ids, TimeProvider time, string? cacheFolder = null) : IDisposable
{
    // What a worker that dies has to send again, about.
    private const int LettersPerNote = 10_000;

    private const int LettersAtOnce = 4096;

    private const long BytesAtOnce = 4 << 20;

    // Entries without rows must not be left behind for so long that they are cleaned away: then all would be sent again.
    private static readonly TimeSpan s_noteWithoutRows = TimeSpan.FromDays(1);

    private readonly PrefixedStore _store = new(pool, QuarantineDataset.Name);
    private readonly string _appId = AppId.For("dead-letters", new TopicPartition(topic, 0));

    // Files all of whose letters are acknowledged, since the last note: what failed goes on behind them.
    private readonly HashSet<string> _sent = new(StringComparer.Ordinal);
    private DeltaTable? _table;
    private TableRows? _rows;
    private CacheSlot? _slot;

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
    /// <exception cref="InvalidDataException">A file that the quarantine has is not in the store, or is damaged.</exception>
    public async Task<long> ForwardAsync(Func<IReadOnlyList<DeadLetter>, CancellationToken, Task> send, CancellationToken cancellation)
    {
        if (!await AnyAsync(cancellation)) return 0;
        var (noted, next, to) = (Next, Next, _table!.Current.Version + 1);
        var (sent, sentAtNote, isWorthNote) = (0L, 0L, false);
        await foreach (var (version, actions) in LogReader.EntriesAsync(_store, noted, cancellation))
        {
            if (version >= to) break;
            foreach (var add in actions.OfType<LogAction.Add>().Where(a => a.DataChange))
            {
                isWorthNote = true;
                if (await SendAsync(add, send, cancellation) is { } letters) sent += letters;
                else return sent + await SendLiveAsync(noted, to, await ChangedAsync(version, to, cancellation), send, cancellation);
            }

            // A note of our own notes would make the next one.
            isWorthNote |= actions.OfType<LogAction.Info>().Any(i => time.GetUtcNow().ToUnixTimeMilliseconds() - i.Content.Timestamp >= s_noteWithoutRows.TotalMilliseconds) && !actions.OfType<LogAction.Txn>().Any(t => t.AppId == _appId);
            next = version + 1;
            if (sent - sentAtNote < LettersPerNote || next == to) continue;
            if (!await NoteAsync(noted, next, cancellation)) return sent;
            (noted, sentAtNote, isWorthNote) = (next, sent, false);
        }

        if (next < to) return sent + await SendLiveAsync(noted, to, null, send, cancellation);
        if (isWorthNote) await NoteAsync(noted, to, cancellation);
        return sent;
    }

    public void Dispose() => _slot?.Dispose();

    private long Next => _table!.Current.Txns.TryGetValue(_appId, out var next) ? next : 0;

    private string? WorkFolder() => cacheFolder is null ? null : (_slot ??= CacheSlot.Take(Path.Combine(cacheFolder, "dead-letters"))).Folder;

    /// <summary>Sends a file's rows. How many; null when the file is gone.</summary>
    private async Task<long?> SendAsync(LogAction.Add file, Func<IReadOnlyList<DeadLetter>, CancellationToken, Task> send, CancellationToken cancellation)
    {
        if (_sent.Contains(file.Path)) return 0;
        if (await _store.SizeAsync(file.Path, cancellation) is null) return null;
        _rows ??= new TableRows(QuarantineDataset.Plan, null, WorkFolder());
        var department = file.PartitionValues.GetValueOrDefault(SystemColumns.Department) ?? "";
        var (letters, bytes, sent) = (new List<DeadLetter>(), 0L, 0L);
        await foreach (var records in _rows.ReadAsync(_store, file, cancellation))
        {
            for (var row = 0; row < records.Count; row++)
            {
                letters.Add(Letter(records, row, department));
                bytes += letters[^1].Raw.Length;
                if (letters.Count < LettersAtOnce && bytes < BytesAtOnce && row < records.Count - 1) continue;
                await send(letters, cancellation);
                sent += letters.Count;
                (letters, bytes) = ([], 0);
            }
        }

        _sent.Add(file.Path);
        return sent;
    }

    /// <summary>Sends the live files of some partitions (null: of all) once, whatever becomes of them meanwhile, and notes that all up to a version is sent.</summary>
    private async Task<long> SendLiveAsync(long from, long to, HashSet<string>? partitions, Func<IReadOnlyList<DeadLetter>, CancellationToken, Task> send, CancellationToken cancellation)
    {
        var sent = 0L;
        string? gone = null;
        do
        {
            var live = await LiveAsync(partitions, cancellation);
            if (gone is not null && live.ContainsKey(gone)) throw new InvalidDataException($"{QuarantineDataset.Name}/{gone} is in the log and not in the store. Restore it from a copy; see pool verify.");
            gone = null;
            foreach (var file in live.Values)
            {
                if (await SendAsync(file, send, cancellation) is { } letters)
                {
                    sent += letters;
                    continue;
                }

                // Sealed and vacuumed while the others were sent: what took its rows is looked for anew.
                gone = file.Path;
                await _table!.RefreshAsync(cancellation);
                break;
            }
        }
        while (gone is not null);
        await NoteAsync(from, to, cancellation);
        return sent;
    }

    private async Task<IReadOnlyDictionary<string, LogAction.Add>> LiveAsync(HashSet<string>? partitions, CancellationToken cancellation)
    {
        var live = new SortedDictionary<string, LogAction.Add>(StringComparer.Ordinal);
        await LogReader.VisitAsync(_store, _table!.Current.Version, WorkFolder(), live.Clear, Apply, cancellation);
        return live;

        void Apply(IReadOnlyList<LogAction> actions)
        {
            foreach (var action in actions)
            {
                // Without their statistics: of a quarantine of years there are many.
                if (action is LogAction.Add add && partitions?.Contains(PartitionOf(add)) != false) live[add.Path] = add with { Stats = null };
                else if (action is LogAction.Remove remove) live.Remove(remove.Path);
            }
        }
    }

    /// <summary>The partitions that got rows in the entries from a version on.</summary>
    private async Task<HashSet<string>?> ChangedAsync(long from, long to, CancellationToken cancellation)
    {
        var changed = new HashSet<string>(StringComparer.Ordinal);
        var reached = from;
        await foreach (var (version, actions) in LogReader.EntriesAsync(_store, from, cancellation))
        {
            if (version >= to) break;
            changed.UnionWith(actions.OfType<LogAction.Add>().Where(a => a.DataChange).Select(PartitionOf));
            reached = version + 1;
        }

        return reached < to ? null : changed;
    }

    private static string PartitionOf(LogAction.Add file) => string.Join('/', QuarantineDataset.Plan.Partitioning.Select(p => file.PartitionValues.GetValueOrDefault(p.Name)));

    /// <summary>False when another worker has noted something since.</summary>
    private async Task<bool> NoteAsync(long from, long to, CancellationToken cancellation)
    {
        var outcome = await _table!.CommitAsync(Note(from, to), _ => _appId, cancellation);
        _sent.Clear();
        return outcome is CommitOutcome.Committed;
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
