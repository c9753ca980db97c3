using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ingest.Perf.Workloads;
using Parquet;
using Parquet.Serialization;

namespace Ingest.Perf.Compare.Contenders;

/// <summary>
/// The service as most would write it: JsonSerializer to objects, a HashSet to drop repetitions, ParquetSerializer for each partition. It remembers nothing when
/// it ends and commits nothing; compression is zstd at its fastest, since the library's default level would take ten times as long.
/// </summary>
internal static class PlainService
{
    private static readonly ParquetOptions s_options = new() { CompressionMethod = CompressionMethod.Zstd, CompressionLevel = CompressionLevel.Fastest };

    public static async Task<long> RunAsync(Workload workload, KafkaAccess kafka, string group, string output, CancellationToken cancellation)
    {
        var records = 0L;
        var seen = new HashSet<Record>();
        var partitions = new Dictionary<(string Department, DateTime Date), List<Record>>();
        TopicReader.ReadAll(workload, kafka, group, (_, payload) =>
        {
            if (workload.RecordsPerMessage == 1)
            {
                Take(JsonSerializer.Deserialize<Record>(payload)!);
                return;
            }

            foreach (var record in JsonSerializer.Deserialize<List<Record>>(payload)!) Take(record);
        }, cancellation);

        foreach (var ((department, date), rows) in partitions)
        {
            var folder = Directory.CreateDirectory(Path.Combine(output, $"dept={department}", string.Create(CultureInfo.InvariantCulture, $"event_date={date:yyyy-MM-dd}")));
            await using var file = File.Create(Path.Combine(folder.FullName, "part-0.parquet"));
            await ParquetSerializer.SerializeAsync(rows, file, s_options, cancellationToken: cancellation).ConfigureAwait(false);
        }

        return records;

        void Take(Record record)
        {
            records++;
            if (!seen.Add(record)) return;
            if (!partitions.TryGetValue((record.Department, record.At.Date), out var rows)) partitions[(record.Department, record.At.Date)] = rows = [];
            rows.Add(record);
        }
    }

    /// <summary>Equal when all values are.</summary>
    internal sealed record Record
    {
        [JsonPropertyName("id")]
        public string Id { get; set; } = "";

        [JsonPropertyName("dept")]
        public string Department { get; set; } = "";

        [JsonPropertyName("plate")]
        public string Plate { get; set; } = "";

        [JsonPropertyName("kind")]
        public string? Kind { get; set; }

        [JsonPropertyName("owner")]
        public string? Owner { get; set; }

        [JsonPropertyName("district")]
        public string? District { get; set; }

        [JsonPropertyName("amount")]
        public decimal Amount { get; set; }

        [JsonPropertyName("points")]
        public int Points { get; set; }

        [JsonPropertyName("active")]
        public bool IsActive { get; set; }

        [JsonPropertyName("at")]
        [JsonConverter(typeof(PlainTime))]
        public DateTime At { get; set; }
    }

    /// <summary>JsonSerializer reads no time with a space in it.</summary>
    private sealed class PlainTime : JsonConverter<DateTime>
    {
        public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            DateTime.ParseExact(reader.GetString()!, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

        public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture));
    }
}
