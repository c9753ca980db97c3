using System.Globalization;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;

namespace Ingest.Tests.Pool.Sealing.Harness;

/// <summary>
/// What a table's log ever added, by generation, beside what is live: the account of write amplification. Generation 0 is what ingest committed, 1 what was merged of it, and from 2 on the first,
/// second… sealed file of a partition. Needs a log that was never cleaned.
/// </summary>
internal sealed class WrittenAccount
{
    public const int Ingested = 0, Merged = 1, FirstSealed = 2;

    private readonly Dictionary<string, Written> _live = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _sealedByFolder = new(StringComparer.Ordinal);
    private readonly List<Written> _generations = [new(), new()];

    public IReadOnlyList<Written> Generations => _generations;

    /// <summary>All generations.</summary>
    public Written All => Sum(_generations);

    public Written Live => Sum(_live.Values);

    /// <summary>Sealed files of each partition that has any.</summary>
    public IReadOnlyCollection<int> SealedFiles => _sealedByFolder.Values;

    /// <summary>Entries that exchanged files.</summary>
    public int Rewrites { get; private set; }

    /// <summary>Files that were exchanged, and their bytes.</summary>
    public Written Replaced { get; private set; }

    /// <summary>Entries of ingest.</summary>
    public int Commits { get; private set; }

    /// <summary>How often a row of the live ones was written, by number of rows.</summary>
    public double ByRows => All.Rows / (double)Math.Max(1, Live.Rows);

    /// <summary>Bytes ever written over bytes that are live; what a small file is larger than its share of a big one is in it.</summary>
    public double ByLiveBytes => All.Bytes / (double)Math.Max(1, Live.Bytes);

    /// <summary>Bytes ever written over those that ingest wrote: what merging and sealing add.</summary>
    public double ByIngestedBytes => All.Bytes / (double)Math.Max(1, _generations[Ingested].Bytes);

    public static string Name(int generation) => generation switch
    {
        Ingested => "ingested",
        Merged => "merged",
        FirstSealed => "sealed",
        _ => string.Create(CultureInfo.InvariantCulture, $"sealed, file {generation - FirstSealed + 1}"),
    };

    /// <summary>Reads the whole log; <paramref name="seen"/> is shown the account as of each entry, with the entry's time in milliseconds.</summary>
    public static async Task<WrittenAccount> ReadAsync(IObjectStore table, Action<WrittenAccount, long>? seen, CancellationToken cancellation)
    {
        var account = new WrittenAccount();
        await foreach (var (_, actions) in LogReader.RetainedAsync(table, cancellation).ConfigureAwait(false)) account.Apply(actions, seen);
        return account;
    }

    private void Apply(IReadOnlyList<LogAction> actions, Action<WrittenAccount, long>? seen)
    {
        var info = actions.OfType<LogAction.Info>().Select(i => i.Content).FirstOrDefault();
        if (info?.Conservation is not null) Rewrites++;
        else if (info is { Ranges.Length: > 0 }) Commits++;
        foreach (var action in actions)
        {
            if (action is LogAction.Add add)
            {
                var file = new Written(1, add.Rows(), add.Size);
                _live[add.Path] = file;
                var generation = GenerationOf(add.Path);
                while (_generations.Count <= generation) _generations.Add(new Written());
                _generations[generation] += file;
            }
            else if (action is LogAction.Remove remove && _live.Remove(remove.Path, out var gone))
            {
                Replaced += gone;
            }
        }

        if (info is not null) seen?.Invoke(this, info.Timestamp);
    }

    private int GenerationOf(string path)
    {
        if (!TableLayout.IsSealed(path)) return TableLayout.IsMerged(path) ? Merged : Ingested;
        var folder = TableLayout.FolderOf(path);
        var before = _sealedByFolder.GetValueOrDefault(folder);
        _sealedByFolder[folder] = before + 1;
        return FirstSealed + before;
    }

    private static Written Sum(IEnumerable<Written> files) => files.Aggregate(new Written(), (a, b) => a + b);
}

/// <summary>Files with their rows and bytes.</summary>
internal readonly record struct Written(long Files, long Rows, long Bytes)
{
    public static Written operator +(Written a, Written b) => new(a.Files + b.Files, a.Rows + b.Rows, a.Bytes + b.Bytes);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Files:N0} files, {Rows:N0} rows, {Bytes / 1e6:F1} MB");
}
