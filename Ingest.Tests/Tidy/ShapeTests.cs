using System.Text.RegularExpressions;
using Ingest.Core.Flow.Runtime;

namespace Ingest.Tests.Tidy;

/// <summary>Alarms on the shape of the code: sealed by default, few interfaces, files that can be read at once, nothing left over.</summary>
public sealed class ShapeTests
{
    /// <summary>Interfaces of the engine: the edges of the world, and places with more than one real implementation.</summary>
    private static readonly string[] s_interfaces = ["IObjectStore", "ITransferSource", "ITransferSink"];

    [Fact]
    public void Classes_are_sealed_unless_they_are_meant_to_be_extended()
    {
        var open = typeof(IngestEngine).Assembly.GetTypes()
            .Where(t => t is { IsClass: true, IsSealed: false, IsAbstract: false } && t.Namespace?.StartsWith("Ingest.Core", StringComparison.Ordinal) == true)
            .Select(t => t.FullName);
        Assert.Empty(open);
    }

    [Fact]
    public void Public_interfaces_stand_at_the_edges_only() =>
        Assert.Equal(s_interfaces.Order(), typeof(IngestEngine).Assembly.GetExportedTypes().Where(t => t.IsInterface).Select(t => t.Name).Order());

    [Fact]
    public void No_file_is_longer_than_400_lines()
    {
        var long_ = new[] { "Ingest.Core", "Ingest.Worker", "Ingest.Tests", "perf" }.SelectMany(SourceTree.CSharp)
            .Where(f => f.Text.Count(c => c == '\n') > 400).Select(f => f.Path);
        Assert.Empty(long_);
    }

    [Fact]
    public void Nothing_is_left_over()
    {
        string[] leftovers = ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "NotImplemented" + "Exception"];
        var found = new[] { "Ingest.Core", "Ingest.Worker", "Ingest.Tests", "perf" }.SelectMany(SourceTree.CSharp)
            .SelectMany(f => leftovers.Where(l => f.Text.Contains(l, StringComparison.Ordinal)).Select(l => $"{f.Path}: {l}"));
        Assert.Empty(found);
    }

    /// <summary>Files that hold a family of small readers, one for each width, that are read together.</summary>
    private static readonly string[] s_families = ["DecimalNumbers", "WholeNumbers"];

    [Fact]
    public void A_file_holds_the_type_that_it_is_named_after()
    {
        var wrong = SourceTree.CSharp("Ingest.Core")
            .Where(f => !s_families.Contains(Path.GetFileNameWithoutExtension(f.Path)))
            .Where(f => !Regex.IsMatch(f.Text, $@"\b(class|struct|record|interface|enum|delegate)\b[^\n]*\b{Regex.Escape(Path.GetFileNameWithoutExtension(f.Path).Split('.')[0])}\b"))
            .Select(f => f.Path);
        Assert.Empty(wrong);
    }
}
