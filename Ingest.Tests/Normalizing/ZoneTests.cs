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
}
