using System.Globalization;
using Ingest.Tests.Chaos.Harness;
using Ingest.Tests.EndToEnd;

namespace Ingest.Tests.Crash;

/// <summary>SIGTERM while transfers pour in, to a real process.</summary>
public sealed class SignalTests
{
    [Fact]
    public async Task SIGTERM_under_load_ends_with_zero_and_leaves_nothing_open()
    {
        using var load = await Load.StartAsync();
        Assert.True(await load.Worker.TerminateAsync() == 0, load.Worker.Output);
        Assert.True(load.Worker.Output.Contains("what was open is committed", StringComparison.Ordinal), load.Worker.Output);
        await load.CheckAsync();
    }

    /// <summary>The first one begins a last commit that cannot end, for a pipe lies where its log entry would: the worker can only be ended by the second one, however fast it is.</summary>
    [Fact]
    public async Task A_second_SIGTERM_stops_at_once_and_is_safe()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "wants mkfifo");
        using var load = await Load.StartAsync(blocksNextCommit: true);
        const int Killed = 128 + 9;
        Assert.Equal(Killed, await load.Worker.TerminateAsync(again: true));
        Assert.DoesNotContain("what was open is committed", load.Worker.Output, StringComparison.Ordinal);
        load.Unblock();
        await load.CheckAsync();
    }

    /// <summary>What is open cannot be committed, nobody hears that the group is left, and nothing that hangs in a system call can be called back: a mount that is gone, as good as the pipe here.</summary>
    [Fact]
    public async Task SIGTERM_with_brokers_and_store_both_dead_ends_with_zero_all_the_same()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "wants mkfifo");
        using var load = await Load.StartAsync(blocksNextCommit: true);
        load.Broker.SetReachable(1, false);
        Assert.True(await load.Worker.TerminateAsync() == 0, load.Worker.Output);
        Assert.DoesNotContain("what was open is committed", load.Worker.Output, StringComparison.Ordinal);
        load.Broker.SetReachable(1, true);
        load.Unblock();
        await load.CheckAsync();
    }

    /// <summary>Whoever goes on when the command has ended must not take part of the topics for all.</summary>
    [Fact]
    public async Task SIGTERM_before_it_has_caught_up_ends_with_one_if_that_was_asked_for()
    {
        using var city = new City();
        var contract = Path.Combine(city.Folder, "contract.yaml");
        await File.WriteAllTextAsync(contract, City.Contract);
        city.Broker.SetReachable(1, false);
        using var worker = new WorkerProcess(
            new Dictionary<string, string>
            {
                ["Ingest__Kafka__BootstrapServers"] = city.Brokers,
                ["Ingest__Contracts"] = contract,
                ["Ingest__Pool"] = city.Pool,
                ["Ingest__Table__IndexCache"] = city.Cache,
            },
            "--until-caught-up");
        await worker.UntilLoggedAsync("Reading as group");
        Assert.True(await worker.TerminateAsync() == 1, worker.Output);
        Assert.Contains("Interrupted before it had caught up", worker.Output, StringComparison.Ordinal);
    }

    /// <summary>The line is the last thing before the host starts.</summary>
    [Fact]
    public async Task SIGTERM_while_it_starts_ends_with_zero_too()
    {
        using var city = new City();
        var contract = Path.Combine(city.Folder, "contract.yaml");
        await File.WriteAllTextAsync(contract, City.Contract);
        using var worker = new WorkerProcess(new Dictionary<string, string>
        {
            ["Ingest__Kafka__BootstrapServers"] = city.Brokers,
            ["Ingest__Contracts"] = contract,
            ["Ingest__Pool"] = city.Pool,
            ["Ingest__Table__IndexCache"] = city.Cache,
        });
        await worker.UntilLoggedAsync("Starting on pool");
        Assert.True(await worker.TerminateAsync() == 0, worker.Output);
    }

    /// <summary>A worker at work, with much that is open, and a department that does not stop sending.</summary>
    private sealed class Load : IDisposable
    {
        private readonly City _city = new();
        private readonly CancellationTokenSource _stop = new();
        private Task<int> _sending = null!;
        private Dictionary<string, string> _settings = [];

        public WorkerProcess Worker { get; private set; } = null!;

        private string NextEntry => Path.Combine(_city.Pool, "payments", "_delta_log", $"{1:D20}.json");

        /// <param name="blocksNextCommit">Nothing is committed yet, and the next commit neither fails nor ends.</param>
        public static async Task<Load> StartAsync(bool blocksNextCommit = false)
        {
            var load = new Load();
            var contract = Path.Combine(load._city.Folder, "contract.yaml");
            await File.WriteAllTextAsync(contract, City.Contract);
            load._settings = new Dictionary<string, string>
            {
                ["Ingest__Kafka__BootstrapServers"] = load._city.Brokers,
                ["Ingest__Kafka__Properties__session.timeout.ms"] = "3000",
                ["Ingest__Kafka__Properties__heartbeat.interval.ms"] = "300",
                ["Ingest__Contracts"] = contract,
                ["Ingest__Pool"] = load._city.Pool,
                ["Ingest__Table__IndexCache"] = load._city.Cache,
                ["Ingest__Batching__FlushAfter"] = "00:10:00",
                ["Ingest__Batching__FlushRows"] = blocksNextCommit ? "1000000" : "5000",
            };
            var port = FreePorts.Next();
            load._sending = Task.Run(load.Send);
            load.Worker = new WorkerProcess(new Dictionary<string, string>(load._settings) { ["Ingest__Health__Port"] = port.ToString(CultureInfo.InvariantCulture) });
            if (blocksNextCommit)
            {
                await load.Worker.UntilStatusAsync(port, page => page.Contains("transfers   ", StringComparison.Ordinal) && !page.Contains("transfers   0", StringComparison.Ordinal));
                using var made = System.Diagnostics.Process.Start("mkfifo", [load.NextEntry]);
                await made.WaitForExitAsync();
                Assert.Equal(0, made.ExitCode);
            }
            else
            {
                await load.Worker.UntilAsync(() => Directory.Exists(load._city.Pool) && Directory.EnumerateFiles(load._city.Pool, "*.parquet", SearchOption.AllDirectories).Any(), "the first data file");
            }

            return load;
        }

        public Core.Transfers.Kafka.EmbeddedBroker Broker => _city.Broker;

        public void Unblock() => File.Delete(NextEntry);

        /// <summary>What the next worker makes of it is exactly what was sent.</summary>
        public async Task CheckAsync()
        {
            _stop.Cancel();
            var sent = await _sending;
            _city.Delivered();
            _settings["Ingest__Kafka__GroupId"] = "after";
            using var next = new WorkerProcess(_settings, "--until-caught-up");
            Assert.True(await next.ExitAsync() == 0, next.Output);
            Assert.Equal(sent, await _city.CountAsync());
            Assert.Equal([sent.ToString(CultureInfo.InvariantCulture)], await _city.SqlAsync("select count(distinct id) from payments"));
            await _city.AssertAccountedAsync();
        }

        public void Dispose()
        {
            _stop.Cancel();
            Worker?.Dispose();
            _city.Dispose();
            _stop.Dispose();
        }

        /// <summary>No more than the embedded broker keeps, and a little at a time.</summary>
        private int Send()
        {
            var sent = 0;
            while (!_stop.IsCancellationRequested && sent < 40_000)
            {
                for (var end = sent + 50; sent < end; sent++) _city.Publish($$"""{"id":"A{{sent}}","amount":{{sent}},"paid_on":"2026-03-02"}""", key: sent.ToString(CultureInfo.InvariantCulture));
                _city.Delivered();
            }

            return sent;
        }
    }
}
