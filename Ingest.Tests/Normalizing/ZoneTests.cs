using CsCheck;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;

namespace Ingest.Tests.Normalizing;

public sealed class ZoneTests
{
    public static TheoryData<string> Zones => ["Europe/Berlin", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "UTC", "Asia/Kathmandu"];

    [Theory]
    [InlineData("Europe/Berlin", "2020-03-29T01:59:59", "2020-03-29T00:59:59Z")]
    [InlineData("Europe/Berlin", "2020-03-29T02:00:00", "<type-mismatch>")]
    [InlineData("Europe/Berlin", "2020-03-29T02:30:00", "<type-mismatch>")]
    [InlineData("Europe/Berlin", "2020-03-29T02:59:59.999999", "<type-mismatch>")]
    [InlineData("Europe/Berlin", "2020-03-29T03:00:00", "2020-03-29T01:00:00Z")]
    [InlineData("Europe/Berlin", "2020-10-25T01:59:59", "2020-10-24T23:59:59Z")]
    [InlineData("Europe/Berlin", "2020-10-25T02:00:00", "2020-10-25T00:00:00Z")]
    [InlineData("Europe/Berlin", "2020-10-25T02:59:59", "2020-10-25T00:59:59Z")]
    [InlineData("Europe/Berlin", "2020-10-25T03:00:00", "2020-10-25T02:00:00Z")]
    [InlineData("Asia/Shanghai", "1986-05-04T01:59:59", "1986-05-03T17:59:59Z")]
    [InlineData("Asia/Shanghai", "1986-05-04T02:30:00", "<type-mismatch>")]
    [InlineData("Asia/Shanghai", "1986-05-04T03:00:00", "1986-05-03T18:00:00Z")]
    [InlineData("Asia/Shanghai", "1988-07-01T12:00:00", "1988-07-01T03:00:00Z")]
    [InlineData("Asia/Shanghai", "1991-09-15T01:30:00", "1991-09-14T16:30:00Z")]
    [InlineData("Asia/Shanghai", "1991-09-15T02:00:00", "1991-09-14T18:00:00Z")]
    [InlineData("Asia/Shanghai", "1992-07-01T12:00:00", "1992-07-01T04:00:00Z")]
    [InlineData("Asia/Shanghai", "1985-07-01T12:00:00", "1985-07-01T04:00:00Z")]
    [InlineData("Pacific/Apia", "2011-12-30T12:00:00", "<type-mismatch>")]
    public void Local_times_follow_the_clocks_of_their_zone(string zone, string text, string expected) =>
        Assert.Equal(expected, One.Read(One.Column(ColumnType.Timestamp) with { TimeZone = TimeZoneInfo.FindSystemTimeZoneById(zone) }, text));

    [Theory]
    [MemberData(nameof(Zones))]
    public void Offsets_are_those_of_the_framework(string id)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(id);
        var offsets = ZoneOffsets.Of(zone);
        var from = DateTime.UnixEpoch.AddYears(-90);
        Gen.Long[0, 200L * 365 * 86_400].Sample(seconds =>
        {
            var utc = from.AddSeconds(seconds);
            Assert.Equal(zone.GetUtcOffset(utc).Ticks / 10, offsets.OffsetAt((utc - DateTime.UnixEpoch).Ticks / 10));
        }, iter: 3000);
    }

    [Theory]
    [MemberData(nameof(Zones))]
    public void A_local_time_leads_back_to_an_instant_that_shows_it_and_to_the_first_such(string id)
    {
        var zone = TimeZoneInfo.FindSystemTimeZoneById(id);
        var offsets = ZoneOffsets.Of(zone);
        var start = (new DateTime(1980, 1, 1, 0, 0, 0, DateTimeKind.Utc) - DateTime.UnixEpoch).Ticks / 10;
        for (var utc = start; utc < start + (45L * 365 * CivilTime.MicrosPerDay); utc += 1733 * CivilTime.MicrosPerSecond)
        {
            var local = utc + offsets.OffsetAt(utc);
            Assert.True(offsets.TryToUtc(local, out var back));
            Assert.True(back <= utc);
            Assert.Equal(local, back + offsets.OffsetAt(back));
        }
    }

    [Fact]
    public void A_change_of_clocks_next_to_a_bucket_border_is_found_to_the_second()
    {
        const long Bucket = 1L << 44;
        var first = CivilTime.MinMicros - (2 * CivilTime.MicrosPerDay);
        var may2001 = 988_675_200L * CivilTime.MicrosPerSecond;
        var border = first + ((((may2001 - first) / Bucket) + 1) * Bucket);
        for (var shift = -2; shift <= 2; shift++)
        {
            var at = (border / CivilTime.MicrosPerSecond * CivilTime.MicrosPerSecond) + (shift * CivilTime.MicrosPerSecond);
            var start = DateTime.UnixEpoch.AddTicks(at * 10);
            var time = new DateTime(1, 1, 1, start.Hour, start.Minute, start.Second, DateTimeKind.Unspecified);
            var rule = TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(
                new DateTime(start.Year, 1, 1), new DateTime(start.Year, 12, 31), TimeSpan.FromHours(1),
                TimeZoneInfo.TransitionTime.CreateFixedDateRule(time, start.Month, start.Day),
                TimeZoneInfo.TransitionTime.CreateFixedDateRule(new DateTime(1, 1, 1), 12, 20));
            var offsets = ZoneOffsets.Of(TimeZoneInfo.CreateCustomTimeZone($"border{shift}", TimeSpan.Zero, "x", "x", "y", [rule]));
            Assert.Equal(0, offsets.OffsetAt(at - 1));
            Assert.Equal(CivilTime.MicrosPerHour, offsets.OffsetAt(at));
            Assert.Equal(CivilTime.MicrosPerHour, offsets.OffsetAt(at + 999_999));
            Assert.False(offsets.TryToUtc(at, out _));
            Assert.True(offsets.TryToUtc(at - 1, out var before));
            Assert.Equal(at - 1, before);
        }
    }
}
