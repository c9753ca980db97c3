using Ingest.Core.Flow.Telemetry;
using Ingest.Worker.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Hosting;

public sealed class ProgressLogTests
{
    [Fact]
    public async Task Each_minute_says_what_was_committed_since_the_last_and_what_waits()
    {
        var (time, log) = (new FakeTimeProvider(), new RecordingLogger());
        var status = new EngineStatus { IsRunning = true };
        using var service = new ProgressLogService(() => Volatile.Read(ref status), time, log);
        await service.StartAsync(CancellationToken.None);
        Volatile.Write(ref status, new EngineStatus { Transfers = 10, CommittedRows = 150, Commits = 2, Duplicates = 40, Quarantined = 10, LagByDepartment = new Dictionary<string, long> { ["a"] = 3, ["b"] = 4 } });
        time.Advance(ProgressLogService.Every);
        await UntilAsync(() => log.Lines.Count == 1);
        Assert.Equal("1205 Last minute: committed rows 150 in commits 2; taken in transfers 10, duplicates 40, refused 10. Waiting: transfers 7, oldest record 0 s", log.Lines[0]);

        // Nothing new: a worker that is stuck with something says so.
        Volatile.Write(ref status, Volatile.Read(ref status) with { OldestUncommitted = TimeSpan.FromSeconds(61) });
        time.Advance(ProgressLogService.Every);
        await UntilAsync(() => log.Lines.Count == 2);
        Assert.Equal("1205 Last minute: committed rows 0 in commits 0; taken in transfers 0, duplicates 0, refused 0. Waiting: transfers 7, oldest record 61 s", log.Lines[1]);
        await service.StopAsync(CancellationToken.None);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!condition()) await Task.Delay(10, deadline.Token);
    }
}
