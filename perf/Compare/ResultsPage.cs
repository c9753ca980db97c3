using System.Globalization;
using System.Text;

namespace Ingest.Perf.Compare;

/// <summary>Sections of RESULTS.md: nothing in them but what was measured now.</summary>
internal static class ResultsPage
{
    /// <summary>Where all figures of the page come from.</summary>
    public static string Machine()
    {
        var page = new StringBuilder("| | |\n|---|---|\n");
        foreach (var (name, value) in Compare.Machine.Describe()) page.Append(CultureInfo.InvariantCulture, $"| {name} | {value} |\n");
        return page.ToString();
    }

    public static string Render(ComparisonTable table, string command, int runs)
    {
        var page = new StringBuilder();
        Append(page, table);
        page.Append(CultureInfo.InvariantCulture, $"\nBy `{command}`. Each contender runs in a process of its own, from process start to exit, in turns with the others; figures are medians of {runs} runs, with the range of the wall time. ")
            .Append("CPU is user and system time of the process and its children; the broker, on the same machine, is not in it but competes for the cores. ")
            .Append("Everybody who reads Kafka joins a new group. After each run, outside its time, DuckDB counts the rows.\n");
        return page.ToString();
    }

    private static void Append(StringBuilder page, ComparisonTable table)
    {
        var work = table.Workload;
        page.Append(CultureInfo.InvariantCulture, $"## W-{work.Name}{(table.IsByStore ? ", by store" : "")}\n");
        page.Append(CultureInfo.InvariantCulture, $"{work.Records:N0} records ({work.Distinct:N0} distinct) in {work.Messages:N0} messages of {work.RecordsPerMessage}; {table.FileBytes / 1e6:N0} MB of JSON, {table.FileBytes / (double)work.Records:F0} bytes a record; ")
            .Append(CultureInfo.InvariantCulture, $"{Workloads.Workload.Departments} departments x {Workloads.Workload.Dates} dates.\n\n");
        var first = table.Contenders[0];
        page.Append(CultureInfo.InvariantCulture, $"| contender | wall s | (range) | CPU s | records/s | µs CPU a record | peak MiB | bytes allocated a record | gen2 | wall / {first.Name} | CPU / {first.Name} |\n|---|--:|:-:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach (var contender in table.Contenders)
        {
            var (wall, cpu) = (table.Median(contender, m => m.Wall.TotalSeconds), table.Median(contender, m => m.Cpu.TotalSeconds));
            var walls = table.Runs(contender).Select(m => m.Wall.TotalSeconds).ToArray();
            page.Append(CultureInfo.InvariantCulture, $"| {contender.Name} | {wall:F2} | {walls.Min():F2}–{walls.Max():F2} | {cpu:F2} | {work.Records / wall:N0} | {cpu * 1e6 / work.Records:F2} ")
                .Append(CultureInfo.InvariantCulture, $"| {table.Median(contender, m => m.PeakBytes) / (1 << 20):N0} | {Optional(table, contender, m => m.AllocatedBytes)} | {Optional(table, contender, m => m.Gen2)} | {wall / table.Median(first, m => m.Wall.TotalSeconds):F2} | {cpu / table.Median(first, m => m.Cpu.TotalSeconds):F2} |\n");
        }

        page.Append('\n');
        foreach (var contender in table.Contenders) page.Append(CultureInfo.InvariantCulture, $"- **{contender.Name}**: {contender.What}\n");
    }

    private static string Optional(ComparisonTable table, IContender contender, Func<Measurement, double?> figure) =>
        table.Runs(contender).All(r => figure(r) is not null) ? table.Median(contender, m => figure(m)!.Value).ToString("N0", CultureInfo.InvariantCulture) : "–";
}
