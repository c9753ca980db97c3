using System.Diagnostics;
using System.Globalization;
using Ingest.Core.Deduplicating.Index;

namespace Ingest.Perf.Index;

/// <summary>One table size with one kind of keys: fills both, then measures them in turns.</summary>
internal sealed class IndexStage : IDisposable
{
    private const int Dates = 400;
    private const int RecentDates = 7;
    private const double KnownShare = 0.1;
    private const long SliceKeysPerDay = 40_000_000;
    private const int SliceDates = 8;
    private const int MinutesPerDay = 1440;

    private readonly IndexPlan _plan;
    private readonly string _folder;
    private readonly KeySpace _space;
    private readonly long _keysPerCommit;
    private readonly int _allDates;
    private readonly Random _random = new(1);

    private IndexStage(IndexPlan plan, KeySpace space, long keysPerCommit, int allDates, string name)
    {
        (_plan, _space, _keysPerCommit, _allDates) = (plan, space, keysPerCommit, allDates);
        _folder = Directory.CreateDirectory(Path.Combine(plan.Folder, name)).FullName;
    }

    public static IndexStage Whole(IndexPlan plan, long size, bool carryDates) =>
        new(plan, new KeySpace(size, Dates, carryDates), (long)(IndexSizes.ProbeKeysMax * (1 - KnownShare)), Dates, string.Create(CultureInfo.InvariantCulture, $"{size}-{(carryDates ? "date" : "hash")}"));

    /// <summary>The last days of a table too large to make, in the runs that the whole of it would have.</summary>
    public static IndexStage Slice(IndexPlan plan)
    {
        var dates = (int)(plan.SliceOf / SliceKeysPerDay);
        return new(plan, new KeySpace(plan.SliceOf, dates, carryDates: true, dates - SliceDates), SliceKeysPerDay / MinutesPerDay, SliceDates, "slice");
    }

    public async Task<IndexFigures> RunAsync(CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var history = new MergeHistory(_space.AllKeys, _keysPerCommit);
        using var own = new OwnIndex(_folder);
        own.Begin(IndexFill.Write(_space, history, own.CacheFolder));
        var figures = new IndexFigures
        {
            Keys = _space.AllKeys,
            CarryDates = _space.CarryDates,
            BytesPerKey = own.DiskBytes / (double)_space.Keys,
            WriteAmplification = 1 + (history.KeysRewritten / (double)_space.AllKeys),
            Runs = own.Runs.Count,
            OpenTime = await own.OpenAsync().ConfigureAwait(false),
        };
        figures.MappedRuns = own.Index.MappedRuns;
        Say($"{_space.Keys:N0} keys of {_space.AllKeys:N0} ({(_space.CarryDates ? "date" : "hash")}): filled in {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s, {own.Runs.Count} runs, {figures.BytesPerKey:F2} bytes a key, opened in {figures.OpenTime.TotalSeconds:F2} s");

        await MeasureColdAsync(own, figures).ConfigureAwait(false);
        await TakeAsync(own, null, figures: null).ConfigureAwait(false);
        figures.AnonymousBytes = ProcessFigures.AnonymousBytes();

        using var rocks = _space.AllKeys <= _plan.RocksKeysMax ? new RocksIndex(Path.Combine(_folder, "rocks")) : null;
        if (rocks is not null)
        {
            started = Stopwatch.GetTimestamp();
            rocks.Fill(_space);
            await rocks.SettleAsync().ConfigureAwait(false);
            figures.RocksBytesPerKey = rocks.DiskBytes / (double)_space.Keys;
            Say($"  RocksDB filled in {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s, {figures.RocksBytesPerKey:F2} bytes a key");
            await TakeAsync(null, rocks, figures: null).ConfigureAwait(false);
        }

        for (var turn = 0; turn < _plan.Turns; turn++)
        {
            cancellation.ThrowIfCancellationRequested();
            await TakeAsync(own, rocks, figures).ConfigureAwait(false);
            Say($"  turn {turn + 1}: own {figures.Own[^1]:N0} keys/s, {figures.OwnCpu[^1]:F3} µs of processor a key{(rocks is null ? "" : $"; RocksDB {figures.Rocks[^1]:N0}, {figures.RocksCpu[^1]:F3} µs")}");
        }

        Say($"  {own.Shares(IndexSizes.ProbeKeysMax * (double)_plan.Batches * (_plan.Turns + 1))}");
        return figures;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A turn of each with the same batches.</summary>
    private async Task TakeAsync(OwnIndex? own, RocksIndex? rocks, IndexFigures? figures)
    {
        var batches = Enumerable.Range(0, _plan.Batches).Select(_ => Batch(RecentDates)).ToArray();
        var keys = (double)batches.Sum(b => b.Keys.Length);
        if (own is not null)
        {
            var (started, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            foreach (var batch in batches) Check(await own.TakeAsync(batch.Keys).ConfigureAwait(false), batch.Known);
            figures?.Own.Add(keys / Stopwatch.GetElapsedTime(started).TotalSeconds);
            await own.SettleAsync().ConfigureAwait(false);
            figures?.OwnCpu.Add((Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / keys);
        }

        if (rocks is null) return;
        var (begun, cpuBefore) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        foreach (var batch in batches) Check(rocks.Take(batch.Keys), batch.Known);
        figures?.Rocks.Add(keys / Stopwatch.GetElapsedTime(begun).TotalSeconds);
        await rocks.SettleAsync().ConfigureAwait(false);
        figures?.RocksCpu.Add((Environment.CpuUsage.TotalTime - cpuBefore).TotalMicroseconds / keys);
    }

    /// <summary>Looks up one batch each of recent and of all dates after every page was put out of memory, then the latter again.</summary>
    private async Task MeasureColdAsync(OwnIndex own, IndexFigures figures)
    {
        figures.ColdRecent = await ColdAsync(own, Batch(RecentDates)).ConfigureAwait(false);
        figures.ColdAll = await ColdAsync(own, Batch(_allDates)).ConfigureAwait(false);
        var warm = new List<double>();
        for (var i = 0; i < _plan.Turns; i++)
        {
            var batch = Batch(_allDates);
            own.Probe(batch.Keys, out _);
            var started = Stopwatch.GetTimestamp();
            own.Probe(batch.Keys, out _);
            warm.Add(batch.Keys.Length / Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        figures.WarmAll = IndexFigures.Median(warm);
        Say($"  cold: recent dates {figures.ColdRecent.KeysPerSecond:N0} keys/s, {figures.ColdRecent.PagesPerKey:F2} pages a key; all dates {figures.ColdAll.KeysPerSecond:N0} keys/s, {figures.ColdAll.PagesPerKey:F2} pages a key; warm {figures.WarmAll:N0}; opened in {figures.ColdAll.OpenTime.TotalSeconds:F2} s");
    }

    private static async Task<ColdFigures> ColdAsync(OwnIndex own, (UInt128[] Keys, int Known) batch)
    {
        own.Close();
        ProcessFigures.Forget(own.CacheFolder);
        var open = await own.OpenAsync().ConfigureAwait(false);
        var read = ProcessFigures.DiskReadBytes();
        var started = Stopwatch.GetTimestamp();
        Check(own.Probe(batch.Keys, out _), batch.Known);
        var took = Stopwatch.GetElapsedTime(started);
        return new ColdFigures(batch.Keys.Length / took.TotalSeconds, (ProcessFigures.DiskReadBytes() - read) / 4096.0 / batch.Keys.Length, open);
    }

    private (UInt128[] Keys, int Known) Batch(int lastDates)
    {
        var keys = new HashSet<UInt128>();
        var known = (int)(IndexSizes.ProbeKeysMax * KnownShare);
        while (keys.Count < known) keys.Add(_space.Known(_random, lastDates));
        while (keys.Count < IndexSizes.ProbeKeysMax) keys.Add(_space.Unknown(_random, lastDates));
        var batch = keys.ToArray();
        _random.Shuffle(batch);
        return (batch, known);
    }

    private static void Check(int found, int known)
    {
        if (found != known) throw new InvalidOperationException($"{found} keys were found and {known} are there: a wrong answer, so there is nothing to measure.");
    }

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
