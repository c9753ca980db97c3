using Ingest.Fuzz;

namespace Ingest.Tests.Decoding;

/// <summary>The short form of <c>perf -- fuzz</c>.</summary>
public sealed class FuzzTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Mutated_messages_are_accounted_for_and_harm_nobody(int seed)
    {
        var run = new FuzzRun();
        Assert.Null(run.Run((ulong)seed, 20_000, TestContext.Current.CancellationToken));
        Assert.True(run.Refusals > 10_000 && run.Rows > 10_000, $"{run.Rows} rows and {run.Refusals} refusals: the fuzzer does not do what it should.");
    }

    [Fact]
    public void Monsters_are_refused_or_taken_like_any_other() => Assert.Null(new FuzzRun().Monsters(isTimed: false));
}
