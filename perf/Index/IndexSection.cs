using System.Globalization;
using System.Text;
using Ingest.Perf.Compare;

namespace Ingest.Perf.Index;

/// <summary>The index's section of RESULTS.md.</summary>
internal static class IndexSection
{
    private const long SliceFrom = 4_000_000_000;

    public static string Render(IReadOnlyList<IndexFigures> figures, string command)
    {
        var page = new StringBuilder();
        page.Append("## Dedup index\nWritten by `").Append(command).Append("`; do not edit.\n\n");
        page.Append(string.Join("; ", Machine.Describe().Where(d => d.Name is "processor" or "memory" or "system" or ".NET").Select(d => $"{d.Name}: {d.Value}"))).Append(".\n\n");
        page.Append("Batches of 65,536 keys, a tenth of them there already, those of dated keys in the last 7 of 400 dates. Ours: sort, lookup, run encoded and created (flushed to disk), applied; merges run beside it, held back as in a worker. ")
            .Append("RocksDB: get, then put what is new in one write batch, no write-ahead log, 10-bit bloom filters, 256 MiB block cache, no compression; its compactions run beside it too. The rest of merges and compactions is waited for after the time; processor time is counted until then. ")
            .Append("Both begin filled: ours with the runs that its merges leave, RocksDB by its own bulk load of sorted files into one level, which is its best state. Medians of turns.\n\n");
        if (figures.Any(f => f.Keys > SliceFrom))
            page.Append("The largest size is a slice: only the keys of its last 8 days were made, in the runs that the whole would have; bytes, memory and opening are the slice's.\n\n");
        AppendSpeed(page, figures);
        AppendRest(page, figures);
        return page.ToString();
    }

    private static void AppendSpeed(StringBuilder page, IReadOnlyList<IndexFigures> figures)
    {
        page.Append("| keys | order | keys/s | RocksDB keys/s | ratio | µs CPU a key | RocksDB | ratio | bytes a key | RocksDB | anonymous memory MiB |\n|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach (var f in figures)
        {
            var (own, rocks) = (IndexFigures.Median(f.Own), IndexFigures.Median(f.Rocks));
            var (cpu, rocksCpu) = (IndexFigures.Median(f.OwnCpu), IndexFigures.Median(f.RocksCpu));
            page.Append(CultureInfo.InvariantCulture, $"| {f.Keys:N0} | {Order(f)} | {own:N0} | {Or(rocks, "N0")} | {Or(own / rocks, "F1")} | {cpu:F3} | {Or(rocksCpu, "F2")} | {Or(rocksCpu / cpu, "F1")} ")
                .Append(CultureInfo.InvariantCulture, $"| {f.BytesPerKey:F2} | {Or(f.RocksBytesPerKey is 0 ? double.NaN : f.RocksBytesPerKey, "F2")} | {f.AnonymousBytes / (double)(1 << 20):N0} |\n");
        }
    }

    private static void AppendRest(StringBuilder page, IReadOnlyList<IndexFigures> figures)
    {
        page.Append("\nLookups alone, with every page of the index put out of memory before, and opening. \"Pages\" are 4 KiB read from disk a key.\n\n");
        page.Append("| keys | order | runs (mapped) | a key is written | opened cold s | recent cold keys/s | pages | all dates cold keys/s | pages | all dates warm keys/s |\n|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach (var f in figures)
        {
            page.Append(CultureInfo.InvariantCulture, $"| {f.Keys:N0} | {Order(f)} | {f.Runs} ({f.MappedRuns}) | {f.WriteAmplification:F2} times | {f.ColdAll?.OpenTime.TotalSeconds:F2} ")
                .Append(CultureInfo.InvariantCulture, $"| {f.ColdRecent?.KeysPerSecond:N0} | {f.ColdRecent?.PagesPerKey:F3} | {f.ColdAll?.KeysPerSecond:N0} | {f.ColdAll?.PagesPerKey:F3} | {f.WarmAll:N0} |\n");
        }
    }

    private static string Order(IndexFigures figures) => figures.CarryDates ? "date, hash" : "hash";

    private static string Or(double value, string format) => double.IsNaN(value) ? "–" : value.ToString(format, CultureInfo.InvariantCulture);
}
