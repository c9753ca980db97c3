using Ingest.Tests.Simulation.Harness;

namespace Ingest.Tests.Simulation.Scenarios;

/// <summary>The worker dies at every single request to the store, before and after it acts, with the local folder as a cut-off write leaves it; so may its successors.</summary>
public sealed class CrashPointTests : IDisposable
{
    private readonly string _folder = Path.Combine(SeedRun.WorkFolder(), nameof(CrashPointTests));

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_crash_at_any_request_loses_and_doubles_nothing()
    {
        var (reached, requests, failure) = CrashHistory.Run([], _folder);
        Assert.Equal((0, null), (reached, failure));
        Assert.True(requests > 50, $"The history makes {requests} requests only.");
        var (histories, failures) = CrashHistory.RunAll(1, stride: 1, _folder, TimeSpan.FromMinutes(30));
        Assert.Empty(failures);
        Assert.Equal(2 * requests, histories);
    }

    /// <summary>The same of a worker that merges and seals: it dies between any two steps of a plan, and the next one finishes what was begun, until a glob shows each row once.</summary>
    [Fact]
    public void A_crash_at_any_request_of_a_worker_that_seals_loses_and_doubles_nothing()
    {
        var (reached, requests, failure) = CrashHistory.Run([], _folder, seals: true);
        Assert.Equal((0, null), (reached, failure));
        var (histories, failures) = CrashHistory.RunAll(1, stride: 1, _folder, TimeSpan.FromMinutes(30), seals: true);
        Assert.Empty(failures);
        Assert.Equal(2 * requests, histories);
        Assert.True(requests > 200, $"The history makes {requests} requests only.");
    }

    /// <summary>One in many; all of the pairs with <c>simulate --crashes 2</c>.</summary>
    [Fact]
    public void A_second_crash_during_recovery_loses_and_doubles_nothing()
    {
        var (histories, failures) = CrashHistory.RunAll(2, stride: 211, _folder, TimeSpan.FromMinutes(30));
        Assert.Empty(failures);
        Assert.True(histories > 50, $"{histories} histories only.");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Three_and_four_crashes_one_after_the_other_lose_and_double_nothing(int crashes)
    {
        var (histories, failures) = CrashHistory.Sample(crashes, 50, _folder, TimeSpan.FromMinutes(30));
        Assert.Empty(failures);
        Assert.Equal(50, histories);
    }
}
