using System.Reflection;
using Ingest.Core.Flow.Runtime;

namespace Ingest.Tests.Tidy;

/// <summary>The picture of the flow names capacities and types; it must not drift from the code.</summary>
public sealed class FlowPictureTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "flow.md"));

    [Fact]
    public void Capacities_in_the_picture_are_those_of_the_code()
    {
        var line = (int)typeof(IntakeGate).GetField("LineMax", BindingFlags.NonPublic | BindingFlags.Static)!.GetRawConstantValue()!;
        Assert.Contains($"(`DecodePump.QueueMax`) | {DecodePump.QueueMax} chunks |", s_page, StringComparison.Ordinal);
        Assert.Contains($"(`IntakeGate.LineMax`) | {line} chunks |", s_page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_eight_states_exist()
    {
        var types = typeof(IngestEngine).Assembly.GetExportedTypes().Select(t => t.Name).ToHashSet();
        var states = s_page.Split('\n').SkipWhile(l => !l.StartsWith("| state", StringComparison.Ordinal)).Skip(2).TakeWhile(l => l.StartsWith('|'))
            .Select(l => l.Split('`')[1]).ToArray();
        Assert.Equal(8, states.Length);
        Assert.All(states, s => Assert.Contains(s, types));
    }
}
