using Ingest.Tests.Simulation.Harness;

namespace Ingest.Tests.Simulation.Seeds;

/// <summary>Seeds that failed once, each with a word on the bug that it found.</summary>
public sealed class KeptSeedTests : IDisposable
{
    private readonly string _folder = Path.Combine(SeedRun.WorkFolder(), nameof(KeptSeedTests));

    public static TheoryData<int, string> Seeds => new()
    {
        { 3, "A batch could not be opened while the budget was overdrawn, and the worker ended." },
        { 4, "The same in the quarantine's lane." },
        { 6, "A data file of which only half had arrived was committed, because its name was taken by that half." },
        { 11, "A batch could not be opened while the budget was overdrawn." },
    };

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_seed_that_failed_once_does_not_fail_again(int seed, string bug)
    {
        Assert.NotEmpty(bug);
        Assert.Null(SeedRun.RunOne(seed, _folder).Failure);
    }
}
