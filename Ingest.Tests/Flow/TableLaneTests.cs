using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Stores;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Flow;

/// <summary>What a lane makes of index runs that the log names and the store does not have.</summary>
public sealed class TableLaneTests : IDisposable
{
    private readonly LaneWorld _world = new();

    public void Dispose() => _world.Dispose();

    /// <summary>However many entries others add meanwhile: they are no reason to hope.</summary>
    [Fact]
    public async Task A_run_that_the_newest_log_still_names_and_nobody_has_is_damage_while_others_go_on_committing()
    {
        var others = await _world.TableAsync();
        var busy = new BusyStore(_world.Store);
        using var lane = await _world.OpenAsync(busy);
        var missing = await _world.CommitAsync(others, 0, 1);
        await _world.Store.DeleteAsync(IndexNames.Run(missing.Name), CancellationToken.None);
        busy.OnMissingRun = async times =>
        {
            // Whoever asks again and again has not understood.
            Assert.InRange(times, 1, 5);
            await _world.CommitAsync(others, 1, (UInt128)(10 + times));
        };

        await lane.ReadLogAsync(CancellationToken.None);
        var damage = await Assert.ThrowsAsync<IndexDamagedException>(async () => await lane.SyncIndexAsync(lane.Newest, CancellationToken.None));
        Assert.Equal((missing.Name, 1), (damage.Run, busy.Missed));
        Assert.Contains("pool reindex", damage.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_was_merged_and_deleted_since_the_log_was_read_is_none()
    {
        var others = await _world.TableAsync();
        var busy = new BusyStore(_world.Store);
        using var lane = await _world.OpenAsync(busy);
        var first = await _world.CommitAsync(others, 0, 1);
        var second = await _world.CommitAsync(others, 0, 2);
        await lane.ReadLogAsync(CancellationToken.None);
        var merged = await _world.MergeAsync(others, [first, second], [1, 2]);

        await lane.SyncIndexAsync(lane.Newest, CancellationToken.None);
        Assert.Equal((1, 3), (busy.Missed, lane.IndexVersion));
        Assert.Equal([merged], lane.Index.Runs);
    }

    /// <summary>A store in which something happens whenever a run is asked for that is not there.</summary>
    private sealed class BusyStore(IObjectStore inner) : ForwardingStore(inner)
    {
        public int Missed { get; private set; }

        /// <summary>Told how often a run was not there.</summary>
        public Func<int, Task> OnMissingRun { get; set; } = _ => Task.CompletedTask;

        public override async ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation)
        {
            var found = await base.CopyToAsync(name, destination, cancellation);

            // Of a run that is not there its first part is asked for, too.
            if (!found && name.EndsWith(".run", StringComparison.Ordinal)) await OnMissingRun(++Missed);
            return found;
        }
    }
}
