using System.Collections.Immutable;
using System.IO.Hashing;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Delta;

/// <summary>One file instead of several, with the same rows.</summary>
public sealed record RewrittenFile(LogAction.Add File, IReadOnlyList<LogAction.Remove> Removed);

/// <summary>
/// The entry of a rewrite: adds and removes without change of data, the proof that rows are conserved, nothing else. It never moves an offset and
/// never touches the index, so no append conflicts with it: whoever loses the race for a slot puts the same entry into the next one.
/// </summary>
public static class RewriteCommit
{
    public const string Operation = "OPTIMIZE";

    /// <summary>The actions of the entry that follows <paramref name="tip"/>.</summary>
    public static List<LogAction> Entry(Snapshot tip, Guid transactionId, IReadOnlyList<RewrittenFile> files, Conservation proof, long nowMs)
    {
        if (!proof.Holds) throw new ArgumentException($"Plan {proof.Plan} does not conserve its rows: {proof}.", nameof(proof));
        var timestamp = Math.Max(nowMs, tip.LastTimestamp + 1);
        var info = new CommitInfo
        {
            Timestamp = timestamp,
            Operation = Operation,
            EngineInfo = EngineInfo.Text,
            TransactionId = transactionId.ToString("D"),
            ReadVersion = tip.Version,
            OutputRows = proof.RowsOut,
            OutputFiles = files.Count,
            OutputBytes = files.Sum(f => f.File.Size),
            Conservation = proof,
        };
        var entry = new List<LogAction> { new LogAction.Info(info) };
        entry.AddRange(files.SelectMany(f => f.Removed).Select(r => r with { DeletionTimestamp = timestamp, DataChange = false }));
        var dataChange = false;
        Mutation.Set(Bug.SealSaysDataChange, ref dataChange, true);
        entry.AddRange(files.Select(f => f.File with { ModificationTime = timestamp, DataChange = dataChange }));
        return entry;
    }

    /// <summary>Puts without a clear answer before the work, which is done beside ingest, is put off.</summary>
    private const int PutsMax = 5;

    /// <summary>Puts an entry into the slot after the tip. Null when the slot is taken by somebody else; else the entry, ours, as it stands there.</summary>
    /// <exception cref="StoreException">The store failed, or answered several times in the dark; the entry may or may not stand there, or appear there later.</exception>
    internal static async ValueTask<LogEntry?> PutAsync(IObjectStore table, Snapshot tip, IReadOnlyList<LogAction> actions, CancellationToken cancellation)
    {
        var version = tip.Version + 1;
        var bytes = LogJson.Write(actions);
        var own = new LogEntry(version, actions, XxHash128.HashToUInt128(bytes));
        for (var round = 1; ; round++)
        {
            StoreException? dark = null;
            try
            {
                if (await table.CreateAsync(LogNames.Entry(version), bytes, cancellation) == CreateOutcome.Created) return own;
            }
            catch (StoreException unclear) when (unclear.Kind == StoreFault.Unknown)
            {
                // Read back below: only the slot knows.
                dark = unclear;
            }

            if (await LogReader.ReadEntryAsync(table, version, cancellation) is { } found) return found.TransactionId == own.TransactionId ? found : null;
            if (dark is not null && round == PutsMax) throw dark;
        }
    }

    /// <summary>An add for a file made by a rewrite.</summary>
    public static LogAction.Add Add(string path, ImmutableSortedDictionary<string, string?> partitionValues, long size, string stats, UInt128 keySum, params ReadOnlySpan<(string Tag, long Value)> tags)
    {
        var all = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        all[LogAction.KeySumTag] = CommitInfoJson.Hex(keySum);
        foreach (var (tag, value) in tags) all[tag] = value.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new LogAction.Add(path, partitionValues, size, 0, DataChange: false, stats, all.ToImmutable());
    }
}
