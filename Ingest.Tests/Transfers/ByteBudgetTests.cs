using Ingest.Core.Transfers;

namespace Ingest.Tests.Transfers;

public sealed class ByteBudgetTests
{
    [Fact]
    public void What_is_kept_for_good_never_fills_the_budget()
    {
        var budget = new ByteBudget(1000, 800);
        budget.Keep(5000);
        Assert.Equal(400, budget.UsedBytes);
        Assert.True(budget.TryLease(300, out var first));
        Assert.False(budget.TryLease(300, out _));
        Assert.True(budget.IsShort);
        first.Dispose();
        Assert.True(budget.TryLease(300, out _));
        Assert.False(budget.IsShort);
    }
}
