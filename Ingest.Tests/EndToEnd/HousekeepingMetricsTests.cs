using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Pool.Sealing;

namespace Ingest.Tests.EndToEnd;

/// <summary>What an SRE is told of sealing, by a worker that seals.</summary>
public sealed class HousekeepingMetricsTests : IDisposable
{
    private const string Table = "metered-payments";

    private readonly ConcurrentDictionary<string, double> _values = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();

    public HousekeepingMetricsTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == IngestMeters.Name) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.Start();
    }

    [Fact]
    public async Task Sealing_tells_its_backlog_how_long_it_is_overdue_and_what_was_done()
    {
        using var city = new City(City.Contract.Replace("dataset: payments", $"dataset: {Table}", StringComparison.Ordinal))
        {
            Housekeeping = new HousekeepingOptions { Interval = TimeSpan.FromMilliseconds(50), Sealing = new SealingOptions { QuietAfter = TimeSpan.FromHours(1), MergeFiles = 3 } },
        };
        using var stop = new CancellationTokenSource();
        using var worker = city.NewWorker();
        var running = worker.RunAsync(stop.Token);
        for (var i = 1; i <= 2; i++)
        {
            city.Publish($$"""{"id":"A{{i}}","paid_on":"2026-03-02"}""");
            city.Delivered();

            // Committed, not only taken in: else both could be one file.
            await worker.UntilAsync(_ => Of("sealing.backlog.files") == i, running);
        }

        Assert.Equal((1, 0, 0), (Of("housekeeping.lease"), Of("sealing.overdue"), Of("sealing.refused.files")));
        Assert.True(Of("sealing.backlog.size") > 500);
        Assert.True(Of("checkpoint.lag") >= 3, $"{Of("checkpoint.lag")} versions without a checkpoint.");

        city.Publish("""{"id":"A3","paid_on":"2026-03-02"}""");
        city.Delivered();
        await worker.UntilAsync(_ => Of("sealing.duration") > 0, running); // which is told last
        Assert.Equal(1, Of("sealing.output.files", "generation", "merged"));
        Assert.Equal((3, 3, 0), (Of("sealing.input.files"), Of("sealing.rows"), Of("sealing.output.files", "generation", "sealed")));
        Assert.True(Of("sealing.input.size") > Of("sealing.output.size") && Of("sealing.output.size") > 200);
        await worker.UntilAsync(_ => Of("sealing.backlog.files") == 1, running);
        stop.Cancel();
        await running;
        Assert.Equal(0, Of("housekeeping.lease"));
    }

    public void Dispose() => _listener.Dispose();

    /// <summary>Sums of counters and histograms, last values of gauges.</summary>
    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var key = instrument.Name;
        var isOurs = false;
        foreach (var (name, of) in tags)
        {
            if (name == "table") isOurs = of as string == Table;
            else key += $"|{name}={of}";
        }

        if (isOurs) _values.AddOrUpdate(key, value, (_, known) => instrument.IsObservable ? value : known + value);
    }

    private double Of(string metric, string? tag = null, string? value = null)
    {
        _listener.RecordObservableInstruments();
        return _values.GetValueOrDefault($"ingest.{metric}{(tag is null ? "" : $"|{tag}={value}")}", -1);
    }
}
