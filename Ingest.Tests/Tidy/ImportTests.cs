using System.Text.RegularExpressions;

namespace Ingest.Tests.Tidy;

/// <summary>Data moves one way: a folder of the engine may use those above it in the list, never those below. Each library has one door.</summary>
public sealed partial class ImportTests
{
    private static readonly string[] s_order =
    [
        "Contracts", "Transfers", "Stores", "Decoding", "Normalizing", "Deduplicating", "Batching", "Pool", "Flow",
    ];

    private static readonly (string Library, string[] Doors)[] s_doors =
    [
        ("Confluent.Kafka", ["Transfers/Kafka"]),
        ("Polly", ["Stores"]),
        ("Amazon", ["Stores/S3"]),
        ("Azure", ["Stores/AzureBlobs"]),
        ("Apache.Arrow", ["Batching", "Pool/Parquet"]),
        ("Parquet", ["Pool"]),
        ("ZstdSharp", ["Pool/Parquet"]),
        ("YamlDotNet", ["Contracts"]),
        ("System.IO.Hashing", ["Deduplicating", "Contracts", "Pool"]),
    ];

    [Fact]
    public void A_folder_uses_only_those_above_it()
    {
        var wrong = new List<string>();
        foreach (var (path, text) in SourceTree.CSharp("Ingest.Core"))
        {
            var own = Array.IndexOf(s_order, path.Split('/')[1]);
            if (own < 0) continue;
            foreach (Match use in CoreNamespace().Matches(text))
            {
                var other = Array.IndexOf(s_order, use.Groups[1].Value);
                if (other > own) wrong.Add($"{path} uses {use.Groups[1].Value}");
            }
        }

        Assert.Empty(wrong.Distinct());
    }

    [Fact]
    public void The_protocol_knows_no_thread_no_clock_and_no_IO()
    {
        string[] banned = ["System.IO;", "System.Threading", "async ", "await ", "Task<", "TimeProvider", "ILogger", "IObjectStore"];
        var wrong = SourceTree.CSharp("Ingest.Core/Flow/Protocol")
            .SelectMany(f => banned.Where(b => Code(f.Text).Contains(b, StringComparison.Ordinal)).Select(b => $"{f.Path}: {b}"));
        Assert.Empty(wrong);
    }

    [Fact]
    public void Each_library_has_one_door()
    {
        var wrong = new List<string>();
        foreach (var (path, text) in SourceTree.CSharp("Ingest.Core"))
        {
            foreach (var (library, doors) in s_doors)
            {
                if (doors.Any(d => path.StartsWith($"Ingest.Core/{d}/", StringComparison.Ordinal))) continue;
                if (Regex.IsMatch(text, $@"^using (global::)?{Regex.Escape(library)}[.;]", RegexOptions.Multiline)) wrong.Add($"{path} uses {library}");
            }
        }

        Assert.Empty(wrong);
    }

    /// <summary>The text without comment lines.</summary>
    private static string Code(string text) => string.Join('\n', text.Split('\n').Where(l => !l.TrimStart().StartsWith("//", StringComparison.Ordinal)));

    [GeneratedRegex(@"^using (?:static )?Ingest\.Core\.(\w+)", RegexOptions.Multiline)]
    private static partial Regex CoreNamespace();
}
