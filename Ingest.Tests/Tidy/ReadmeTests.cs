using System.ComponentModel;
using System.Diagnostics.Metrics;
using System.Reflection;
using System.Text;
using Ingest.Core.Flow.Telemetry;
using Ingest.Core.Transfers;
using Ingest.Worker.Configuration;

namespace Ingest.Tests.Tidy;

/// <summary>Tables in the documentation are those of the code. With INGEST_WRITE_DOCS=1 they are written instead of compared.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void The_table_of_settings_is_the_code_s() => Check("README.md", "settings", Settings());

    [Fact]
    public void The_table_of_metrics_is_the_code_s() => Check("README.md", "metrics", Metrics());

    [Fact]
    public void The_table_of_reasons_is_the_code_s() => Check("docs/contracts.md", "reasons", Reasons());

    /// <summary>Whoever follows the first step has both files, and sees rows without a refusal.</summary>
    [Fact]
    public async Task The_contract_of_the_first_step_and_its_sample_are_there_and_fit()
    {
        const string Contract = "docs/examples/vehicle-registration.yaml", Sample = "docs/examples/vehicle-registration.json", Folder = "contracts";
        var page = await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "README.md"));
        var block = page.Split("   ```yaml\n")[1].Split("   ```\n")[0];
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, Contract)), string.Concat(block.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l[3..] + "\n")));
        Assert.Contains($"   mkdir -p {Folder} && cp {Contract} {Folder}/\n   dotnet run --project Ingest.Worker -c Release -- validate {Folder} {Sample}\n", page, StringComparison.Ordinal);
        Assert.All(System.Text.RegularExpressions.Regex.Matches(page, @"Contracts=(\S+)"), given => Assert.Equal(Folder, given.Groups[1].Value));
        var (code, output, errors) = await Commands.WorkerProgram.RunAsync(SourceTree.Root, "validate", Contract, Sample);
        Assert.True(code == 0, errors + output);
        Assert.Contains("4 rows (1 of them repeat an earlier one), 0 refused.", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_between_pages_lead_somewhere()
    {
        var broken = new List<string>();
        foreach (var page in Directory.EnumerateFiles(SourceTree.Root, "*.md", SearchOption.AllDirectories).Where(p => !p.Contains("/bin/", StringComparison.Ordinal) && !p.Contains("/obj/", StringComparison.Ordinal)))
        {
            foreach (System.Text.RegularExpressions.Match link in System.Text.RegularExpressions.Regex.Matches(File.ReadAllText(page), @"\]\((?!https?:|#)([^)#]+)"))
            {
                if (!Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, link.Groups[1].Value))) broken.Add($"{Path.GetRelativePath(SourceTree.Root, page)}: {link.Groups[1].Value}");
            }
        }

        Assert.Empty(broken);
    }

    private static void Check(string page, string mark, string table)
    {
        var file = Path.Combine(SourceTree.Root, page);
        var text = File.ReadAllText(file);
        var (start, end) = ($"<!-- {mark} -->\n", $"<!-- /{mark} -->");
        var from = text.IndexOf(start, StringComparison.Ordinal) + start.Length;
        var to = text.IndexOf(end, StringComparison.Ordinal);
        Assert.True(from >= start.Length && to >= from, $"{page} has no place for the table of {mark}.");
        if (Environment.GetEnvironmentVariable("INGEST_WRITE_DOCS") == "1") File.WriteAllText(file, text[..from] + table + text[to..]);
        else Assert.Equal(table, text[from..to]);
    }

    private static string Settings()
    {
        var table = new StringBuilder("| setting | default | meaning |\n|---|---|---|\n");
        void Add(Type type, object values, string prefix)
        {
            foreach (var property in type.GetProperties())
            {
                var value = property.GetValue(values);
                if (property.GetCustomAttribute<DescriptionAttribute>() is { } description)
                    table.Append(System.Globalization.CultureInfo.InvariantCulture, $"| `{prefix}{property.Name}` | {(value is string { Length: > 0 } or ValueType ? $"`{value}`" : "")} | {description.Description} |\n");
                else Add(property.PropertyType, value!, $"{prefix}{property.Name}:");
            }
        }

        Add(typeof(IngestSettings), new IngestSettings(), "Ingest:");
        return table.ToString();
    }

    private static string Metrics()
    {
        var rows = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == IngestMeters.Name) rows[instrument.Name] = $"| `{instrument.Name}` | {instrument.Unit} | {instrument.Description} |\n";
        };
        listener.Start();
        using var meters = new IngestMeters(() => EngineStatus.Starting, () => [], 1);
        using var deadLetters = IngestMeters.DeadLetters(() => TimeSpan.Zero);
        return "| metric | unit | meaning |\n|---|---|---|\n" + string.Concat(rows.Values);
    }

    private static string Reasons() =>
        "| reason | meaning |\n|---|---|\n" + string.Concat(ReasonCodes.All.Select(r => $"| `{r.Text}` | {r.Meaning} |\n"));
}
