using System.Text;
using System.Text.Json;
using Ingest.Core.Contracts;
using Ingest.Tests.Stores;
using Ingest.Worker.Demo;

namespace Ingest.Tests.Demo;

/// <summary>A plan made whole: its transfers and its truth, on disk as long as this lives.</summary>
internal sealed class City : IDisposable
{
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);
    private readonly TemporaryFolder _folder = new();

    public City(CityPlan plan)
    {
        Truth = new Truth(_folder.Path);
        Transfers = [.. plan.Make(Catalog, Truth)];
        Truth.Flush();
    }

    /// <summary>The example contracts.</summary>
    public static Catalog Catalog { get; } = Load();

    public Truth Truth { get; }

    public IReadOnlyList<(string Topic, string Department, byte[] Payload)> Transfers { get; }

    /// <summary>Expected rows, each as its dataset and its line of the truth's file.</summary>
    public IReadOnlyList<string> Rows =>
        [.. Catalog.Datasets.Select(d => d.Name).Where(d => File.Exists(Truth.FileOf(d))).SelectMany(d => File.ReadLines(Truth.FileOf(d)).Skip(1).Select(l => $"{d}: {l}"))];

    public void Dispose()
    {
        Truth.Dispose();
        _folder.Dispose();
    }

    /// <summary>Records of a transfer, counted without the service's code; a transfer that nothing can be read of counts as one.</summary>
    public static int RecordsIn(TopicPlan topic, byte[] payload)
    {
        if (topic.Format != TransferFormat.Json) return Encoding.UTF8.GetString(payload).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length - (topic.Format == TransferFormat.Csv ? 1 : 0);
        try
        {
            using var json = JsonDocument.Parse(s_strict.GetString(payload));
            var at = json.RootElement;
            foreach (var segment in topic.Records.Segments) at = at.GetProperty(segment);
            return at.ValueKind == JsonValueKind.Array ? at.GetArrayLength() : 1;
        }
        catch (Exception e) when (e is JsonException or DecoderFallbackException)
        {
            return 1;
        }
    }

    private static Catalog Load()
    {
        var result = CatalogLoader.LoadFolder(Path.Combine(AppContext.BaseDirectory, "Contracts"));
        Assert.Empty(result.Errors);
        return result.Catalog!;
    }
}
