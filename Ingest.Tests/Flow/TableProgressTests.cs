using CsCheck;
using Ingest.Core.Flow.Protocol;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Flow;

public sealed class TableProgressTests
{
    private static readonly TopicPartition s_source = new("t", 0);

    [Fact]
    public void Accounts_of_any_cutting_tile_the_offsets() => Gen.Int[1, 20].List[1, 30].Select(Gen.Bool.List[30, 30]).Sample((lengths, seals) =>
    {
        var (progress, right) = Following(100);
        var at = 100L;
        var end = 100L;
        for (var i = 0; i < lengths.Count; i++)
        {
            progress.Count(progress.Take(new OffsetRange(at, at + lengths[i]), right, default), lengths[i], 0, 0, []);
            at += lengths[i];
            if (!seals[i]) continue;
            var account = Assert.Single(progress.Seal());
            Assert.Equal(end, account.Range.From);
            Assert.Equal(account.Range.To - account.Range.From, account.Records);
            end = account.Range.To;
        }

        Assert.Equal(at, progress.TakenTo(s_source));
    });

    [Fact]
    public void A_gap_is_refused()
    {
        var (progress, right) = Following(100);
        Assert.Throws<OffsetsDoNotTouchException>(() => progress.Take(new OffsetRange(101, 110), right, default));
    }

    [Fact]
    public void What_the_table_has_already_is_not_taken_again()
    {
        var (progress, right) = Following(100);
        Assert.Equal(-1, progress.Take(new OffsetRange(50, 100), right, default));
        var ordinal = progress.Take(new OffsetRange(90, 120), right, default);
        progress.Count(ordinal, 20, 0, 0, []);
        Assert.Equal(new OffsetRange(100, 120), Assert.Single(progress.Seal()).Range);
    }

    [Fact]
    public void Offsets_taken_under_another_right_are_a_bug()
    {
        var (progress, _) = Following(100);
        Assert.Throws<InvalidOperationException>(() => progress.Take(new OffsetRange(100, 110), new CommitRight(s_source, 100), default));
    }

    [Fact]
    public void A_revisited_partition_moves_no_offset()
    {
        var (progress, _) = Following(100);
        progress.Count(progress.Revisit(s_source), 0, 3, 0, []);
        Assert.True(Assert.Single(progress.Seal()).Range.IsEmpty);
    }

    [Fact]
    public void Only_what_is_committed_counts_as_committed()
    {
        var (progress, right) = Following(100);
        progress.Count(progress.Take(new OffsetRange(100, 150), right, default), 1, 0, 0, []);
        var sealed_ = progress.Seal();
        Assert.Equal(100, progress.CommittedTo(s_source));
        progress.Committed(sealed_);
        Assert.Equal(150, progress.CommittedTo(s_source));
    }

    private static (TableProgress Progress, CommitRight Right) Following(long offset)
    {
        var progress = new TableProgress();
        var right = new CommitRight(s_source, offset);
        progress.Follow(right, "housing", offset);
        return (progress, right);
    }
}
