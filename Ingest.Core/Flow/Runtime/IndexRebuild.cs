using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;

namespace Ingest.Core.Flow.Runtime;

/// <summary>
/// Makes a table's index anew from its rows alone: reads every live file, computes and sorts the fingerprints, and publishes the runs by a log entry. In bounded memory; a rebuild
/// that was killed goes on where it was. Safe while workers write: what they commit meanwhile is read too before the entry is put, and the put fails if there is more.
/// </summary>
public sealed class IndexRebuild(DatasetPlan plan, IObjectStore store, DeltaTable table, RebuildOptions options, EngineServices services)
{
    private readonly string _folder = Path.Combine(options.WorkFolder, table.Current.TableId);
    private readonly bool _hasContents = plan.Dedup.Mode == DedupMode.Identity;
    private bool _beganAnew;

    /// <param name="isNeeded">Asked of each newer state of the table: false when somebody else has mended the index meanwhile. Null to rebuild whatever it is like.</param>
    /// <exception cref="InvalidDataException">The table's files are not what its log says.</exception>
    /// <exception cref="IndexDamagedException">Two rows of the table have the same fingerprint.</exception>
    /// <returns>Null when it was not needed any more.</returns>
    public async Task<RebuildResult?> RunAsync(Func<Snapshot, bool>? isNeeded, CancellationToken cancellation)
    {
        var started = services.Time.GetTimestamp();
        while (true)
        {
            if (await TryAsync(isNeeded, cancellation) is not { } attempt) continue;
            if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
            if (attempt.Result is { } result) Log.IndexRebuilt(services.Logger, plan.Name, result.Keys, result.Files, services.Time.GetElapsedTime(started).TotalSeconds);
            return attempt.Result;
        }
    }

    /// <summary>Null when the table's files were exchanged meanwhile, so that all begins anew.</summary>
    private async Task<Attempt?> TryAsync(Func<Snapshot, bool>? isNeeded, CancellationToken cancellation)
    {
        var tip = await table.RefreshAsync(cancellation);
        if (isNeeded?.Invoke(tip) == false) return new Attempt(null);
        var journal = new RebuildJournal(_folder, $"{options.KeysPerThread} {_hasContents}");
        var (version, files) = await FirstFilesAsync(journal, tip, cancellation);
        var isResumed = version != tip.Version || journal.HasWork;
        if (await SortFirstAsync(journal, version, files, cancellation) is not { } sorted) return null;
        var read = files.Count;
        var published = new List<RunDescriptor>();
        while (true)
        {
            tip = await table.RefreshAsync(cancellation);
            if (isNeeded?.Invoke(tip) == false) return new Attempt(null);
            if (await AddedSinceAsync(version, tip.Version, cancellation) is not { } added)
            {
                journal.Discard();
                return null;
            }

            if (added.Count > 0) sorted.AddRange(await SortAsync(journal.PiecesFolder(tip.Version), added, cancellation));
            read += added.Count;
            version = tip.Version;
            Check(tip, sorted);
            foreach (var (path, run) in sorted.Skip(published.Count)) published.Add(await UploadAsync(path, run, cancellation));
            if (!await table.ReplaceIndexAsync(published, version, cancellation)) continue;
            var sum = published.Aggregate(UInt128.Zero, (s, r) => s + r.Sum);
            return new Attempt(new RebuildResult(table.Current.Version, published.Sum(r => r.Keys), sum, published.Count, read, isResumed));
        }
    }

    /// <summary>The files of the version that an earlier process had begun with, if its work can be used still; else of the newest.</summary>
    private async Task<(long Version, IReadOnlyList<LogAction.Add> Files)> FirstFilesAsync(RebuildJournal journal, Snapshot tip, CancellationToken cancellation)
    {
        if (journal.Version is { } begun && begun <= tip.Version)
        {
            try
            {
                var then = await FilesAsync(begun, cancellation);
                if (journal.Matches(then) && await AddedSinceAsync(begun, tip.Version, cancellation) is not null) return (begun, then);
            }
            catch (InvalidDataException)
            {
                // That version can no longer be told from the log.
            }
        }

        var files = await FilesAsync(tip.Version, cancellation);
        journal.Begin(tip.Version, files);
        return (tip.Version, files);
    }

    private async Task<IReadOnlyList<LogAction.Add>> FilesAsync(long version, CancellationToken cancellation) =>
        [.. (await LogReader.LiveFilesAsync(store, version, cancellation)).Values.OrderBy(f => f.Path, StringComparer.Ordinal)];

    /// <summary>Files whose rows came after a version; null when rows went too, or the log does not tell. Files that only rearrange rows count neither way.</summary>
    private async Task<IReadOnlyList<LogAction.Add>?> AddedSinceAsync(long version, long to, CancellationToken cancellation)
    {
        var added = new List<LogAction.Add>();
        var reached = version;
        await foreach (var (at, actions) in LogReader.EntriesAsync(store, version + 1, cancellation))
        {
            if (at > to) break;
            reached = at;
            if (actions.OfType<LogAction.Remove>().Any(r => r.DataChange)) return null;
            added.AddRange(actions.OfType<LogAction.Add>().Where(a => a.DataChange));
        }

        return reached == to ? added : null;
    }

    /// <summary>Null when files of that version are gone because it is no longer the newest: once, all begins anew.</summary>
    private async Task<List<(string Path, RunDescriptor Run)>?> SortFirstAsync(RebuildJournal journal, long version, IReadOnlyList<LogAction.Add> files, CancellationToken cancellation)
    {
        try
        {
            return [.. await SortAsync(journal.PiecesFolder(version), files, cancellation)];
        }
        catch (InvalidDataException) when (!_beganAnew)
        {
            if ((await table.RefreshAsync(cancellation)).Version == version) throw;
            _beganAnew = true;
            journal.Discard();
            return null;
        }
    }

    private async Task<IReadOnlyList<(string Path, RunDescriptor Run)>> SortAsync(string folder, IReadOnlyList<LogAction.Add> files, CancellationToken cancellation)
    {
        var pieces = RebuildJournal.Pieces(files, options.KeysPerThread);
        var sorted = new SortedPieces(folder, pieces.Count, _hasContents);
        sorted.Resume(cancellation);
        await Parallel.ForEachAsync(sorted.Missing(), new ParallelOptions { MaxDegreeOfParallelism = options.Threads, CancellationToken = cancellation, TaskScheduler = services.Scheduler },
            async (piece, token) => await WriteAsync(sorted.Begin(piece, options.KeysPerThread), pieces[piece], token));
        return sorted.Finish(cancellation);
    }

    private async Task WriteAsync(PieceWriter piece, IReadOnlyList<LogAction.Add> files, CancellationToken cancellation)
    {
        var rows = new TableRows(plan, services.Files);
        foreach (var file in files)
        {
            var proof = (Keys: 0L, Sum: UInt128.Zero);
            await foreach (var records in rows.ReadAsync(store, file, cancellation))
            {
                var keys = records.Keys.AsSpan(0, records.Count);
                piece.Add(keys, _hasContents ? records.Contents.AsSpan(0, records.Count) : []);
                proof = IndexProof.Add(proof, keys);
            }

            if (file.KeySum() is { } tagged && tagged != proof.Sum)
                throw new InvalidDataException($"{plan.Name}/{file.Path}: its rows do not add up to the fingerprints in the log, so it is damaged or was changed. Restore it from a copy; 'pool verify --index' looks at all files.");
        }

        piece.Finish(cancellation);
    }

    private void Check(Snapshot tip, List<(string Path, RunDescriptor Run)> sorted)
    {
        if (tip.HasUntaggedFiles) return;
        var keys = sorted.Sum(s => s.Run.Keys);
        var sum = sorted.Aggregate(UInt128.Zero, (total, s) => total + s.Run.Sum);
        if (keys != tip.LiveRows || sum != tip.KeySum)
            throw new InvalidDataException($"{plan.Name}: its files hold {keys} rows with fingerprints of sum {sum:x32}, its log says {tip.LiveRows} and {tip.KeySum:x32}. Nothing was changed; 'pool verify --index' tells which files are wrong.");
    }

    private async Task<RunDescriptor> UploadAsync(string path, RunDescriptor sorted, CancellationToken cancellation)
    {
        var run = sorted with { Name = $"{services.Ids.Next():N}.run" };
        await RunObjects.CreateAsync(store, path, run, cancellation);
        return run;
    }

    private sealed record Attempt(RebuildResult? Result);
}
