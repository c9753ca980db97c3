using Ingest.Core.Pool.Delta;
using Ingest.Core.Transfers;
using Microsoft.Extensions.Logging;

namespace Ingest.Core.Flow.Runtime;

/// <summary>All tables' lanes, with what happens beside their commits: checkpoints and merges of index runs. Owned by the control loop.</summary>
internal sealed class LaneSet : IDisposable
{
    /// <summary>What checkpoints may still take when the worker ends, and then until they have noticed that they are given up.</summary>
    private static readonly TimeSpan s_checkpointsMax = TimeSpan.FromSeconds(2), s_givingUpMax = TimeSpan.FromSeconds(1);

    /// <summary>Tables whose logs are read at once: on a store far away one after the other would take seconds, and each takes memory.</summary>
    private const int TablesAtOnce = 4;

    private readonly Dictionary<string, TableLane> _byName;
    private readonly TableLane[] _data;
    private readonly CommitJobServices _services;
    private readonly HashSet<string> _ownRuns = new(StringComparer.Ordinal);
    private readonly Signal _signal;
    private readonly Dictionary<TableLane, Checkpoints> _checkpoints;
    private CancellationTokenSource _jobs = new();

    /// <param name="workFolder">Local folder that only this worker uses.</param>
    public LaneSet(IReadOnlyList<TableLane> data, TableLane quarantine, CommitJobServices services, Signal signal, string workFolder, ILogger logger)
    {
        _data = [.. data];
        Quarantine = quarantine;
        All = [.. data, quarantine];
        _byName = All.ToDictionary(l => l.Plan.Name, StringComparer.Ordinal);
        _services = services;
        _signal = signal;
        _checkpoints = All.ToDictionary(l => l, l => new Checkpoints(l, services, workFolder, logger));
    }

    /// <summary>How the logs of several tables are read.</summary>
    public static ParallelOptions AtOnce(TaskScheduler scheduler, CancellationToken cancellation) => new() { MaxDegreeOfParallelism = TablesAtOnce, TaskScheduler = scheduler, CancellationToken = cancellation };

    public TableLane Quarantine { get; }

    /// <summary>The tables of the contracts, then the quarantine.</summary>
    public IReadOnlyList<TableLane> All { get; }

    public TableLane this[string table] => _byName[table];

    /// <summary>The tables of the contracts, the one with the most open bytes first.</summary>
    public IReadOnlyList<TableLane> ByOpenBytes()
    {
        Array.Sort(_data, static (a, b) => b.OpenBytes.CompareTo(a.OpenBytes));
        return _data;
    }

    /// <summary>The next offset that a table lacks of a partition, by its log; null when it never took anything of it.</summary>
    public long? StoredOffset(TableLane lane, TopicPartition source) => StoredOffset(lane.Newest, source);

    /// <summary>The same, of the table as it was.</summary>
    public long? StoredOffset(Snapshot table, TopicPartition source) =>
        table.Txns.TryGetValue(_services.AppIdOf(source), out var next) ? next : null;

    /// <summary>The id under which a table knows the topic; null when it never knew one.</summary>
    public string? PinnedTopic(Snapshot table, TopicPartition source) => TopicPin.Of(table, _services.AppIdOf(source));

    /// <summary>Stores in a table where partitions begin of which it has nothing; beside a commit in flight, too.</summary>
    /// <exception cref="TableRefusedException">The table is not the one that was opened.</exception>
    public ValueTask BeginAsync(TableLane lane, IReadOnlyList<CommitRight> starts, CancellationToken cancellation) => lane.Table.BeginAsync(starts, _services.AppIdOf, cancellation);

    /// <summary>
    /// Drops what is open in all tables. Runs made so far are nobody's own any more: rows to come are not held against those that were dropped, and the entry of one of them may
    /// still arrive, so that it counts as a rival's.
    /// </summary>
    public void Abandon()
    {
        foreach (var lane in All) lane.Abandon();
#if MUTATIONS
        if (Mutation.Current == Bug.TakesAbandonedRunsForOwn) return;
#endif
        lock (_ownRuns) _ownRuns.Clear();
    }

    /// <summary>Seals the lane's open batch and starts its commit.</summary>
    public void Start(TableLane lane, Task<JobResult>? after)
    {
        var job = new CommitJob(lane, lane.Seal(), _services, lane.Merges.Take(), after, _ownRuns);
        lane.InFlight = job;
        job.Start(_services.Scheduler, _jobs.Token);
        job.Completion.ContinueWith(static (_, signal) => ((Signal)signal!).Set(), _signal, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, _services.Scheduler);
    }

    /// <summary>Tells the jobs in flight to give up; those started from now on are not concerned.</summary>
    public void CancelJobs()
    {
        _jobs.Cancel();
        _jobs.Dispose();
        _jobs = new CancellationTokenSource();
    }

    /// <summary>Reads what others have committed; beside a commit in flight, too. A table that is not the one that was opened concerns its own topics only: <paramref name="refused"/> is told, and the others are read.</summary>
    public async Task RefreshAsync(Func<TableLane, bool> isStopped, Action<TableLane, string> refused, CancellationToken cancellation)
    {
        TableLane[] reading = [.. All.Where(l => !isStopped(l))];
        var refusals = new string?[reading.Length];
        await Parallel.ForAsync(0, reading.Length, AtOnce(_services.Scheduler, cancellation), async (i, token) => refusals[i] = await RefusalAsync(() => reading[i].ReadLogAsync(token)));
        for (var i = 0; i < reading.Length; i++)
        {
            var lane = reading[i];
            if ((refusals[i] ?? await RefusalAsync(() => lane.SyncIndexAsync(lane.Table.Current, cancellation))) is { } why) refused(lane, why);
        }

        static async Task<string?> RefusalAsync(Func<ValueTask> read)
        {
            try
            {
                await read();
                return null;
            }
            catch (TableRefusedException gone)
            {
                return gone.Message;
            }
        }
    }

    /// <summary>Starts what a commit makes due; none of it holds up the next commit.</summary>
    public void AfterCommit(TableLane lane, JobResult.Committed committed)
    {
        _checkpoints[lane].Begin(committed.Version, committed.CheckpointDue);
        lane.Merges.Begin();
    }

    /// <summary>How long checkpoints of each table have not come through.</summary>
    public IReadOnlyDictionary<string, TimeSpan> CheckpointsFailing() => _checkpoints.ToDictionary(c => c.Key.Plan.Name, c => c.Value.FailingFor);

    /// <summary>
    /// Waits for checkpoints to end, so that nothing is half done at exit; but not long: a large one takes half a minute, and a store that does not answer takes for ever. Half a checkpoint is harmless.
    /// Merges of the index are given up.
    /// </summary>
    public async Task DrainAsync()
    {
        using var late = new CancellationTokenSource();
        var ended = Task.WhenAll(All.SelectMany(l => new[] { _checkpoints[l].Running, l.Merges.StopAsync() }));
        if (await Task.WhenAny(ended, Task.Delay(s_checkpointsMax, _services.Time, late.Token)) != ended)
        {
            // Here and now, as everything in a simulated worker, which has one thread.
            foreach (var checkpoints in _checkpoints.Values) checkpoints.GiveUp();
            if (await Task.WhenAny(ended, Task.Delay(s_givingUpMax, _services.Time, late.Token)) != ended) return;
        }

        late.Cancel();
        await ended;
    }

    public void Dispose()
    {
        foreach (var lane in All) lane.Dispose();
        _jobs.Dispose();
    }
}
