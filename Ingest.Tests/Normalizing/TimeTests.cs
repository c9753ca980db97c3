using System.Globalization;
using CsCheck;
using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;
using Ingest.Core.Transfers;

namespace Ingest.Tests.Normalizing;

public sealed class TimeTests
{
    private static readonly string[] s_formats =
    [
        "yyyy-MM-dd HH:mm:ss.fff", "yyyy/M/d H:mm:ss", "yyyyMMddHHmmss", "yyyy年M月d日", "yyyy年MM月dd日 HH时mm分ss秒", "dd.MM.yyyy HH:mm", "yyyy-MM-ddTHH:mm:ss.ffffff",
        "d/M/yyyy H:m:s", "yyyy-MM", "'on' yyyy-MM-dd \"at\" HH\\h", "yyyyMMdd", "yyyy-MM-dd HH:mm:ss.f",
    ];

    private static readonly Gen<DateTime> s_times = Gen.Long[DateTime.MinValue.Ticks / 10, DateTime.MaxValue.Ticks / 10].Select(m => new DateTime(m * 10, DateTimeKind.Unspecified));

    [Theory]
    [InlineData("2020-02-05", "2020-02-05")]
    [InlineData("2020/2/5", "2020-02-05")]
    [InlineData("20200205", "2020-02-05")]
    [InlineData("2020年2月5日", "2020-02-05")]
    [InlineData("2020年02月05日", "2020-02-05")]
    [InlineData("2020-02-05T00:00:00", "2020-02-05")]
    [InlineData("2020-02-05 00:00:00.000", "2020-02-05")]
    [InlineData("0001-01-01", "0001-01-01")]
    [InlineData("9999-12-31", "9999-12-31")]
    [InlineData("2020-02-29", "2020-02-29")]
    [InlineData("2000-02-29", "2000-02-29")]
    [InlineData("1900-02-29", "<type-mismatch>")]
    [InlineData("2021-02-29", "<type-mismatch>")]
    [InlineData("2020-13-01", "<type-mismatch>")]
    [InlineData("2020-00-01", "<type-mismatch>")]
    [InlineData("2020-04-31", "<type-mismatch>")]
    [InlineData("0000-00-00", "<type-mismatch>")]
    [InlineData("10000-01-01", "<type-mismatch>")]
    [InlineData("2020-02-05T16:43:59", "<type-mismatch>")]
    [InlineData("2020-02-05T00:00:00Z", "<type-mismatch>")]
    [InlineData("2020-2-5", "<type-mismatch>")]
    [InlineData("2020-02-05x", "<type-mismatch>")]
    [InlineData("２０２０-02-05", "<type-mismatch>")]
    [InlineData("昨天", "<type-mismatch>")]
    public void Dates(string text, string expected) => Assert.Equal(expected, One.Read(One.Column(ColumnType.Date), text));

    [Theory]
    [InlineData("2020-02-05T16:43:59.304+08:00", "2020-02-05T08:43:59.304Z")]
    [InlineData("2020-02-05T16:43:59.304", "2020-02-05T08:43:59.304Z")]
    [InlineData("2020-02-05 16:43:59.304", "2020-02-05T08:43:59.304Z")]
    [InlineData("2020-02-05T16:43:59,5Z", "2020-02-05T16:43:59.5Z")]
    [InlineData("2020-02-05T16:43", "2020-02-05T08:43:00Z")]
    [InlineData("2020-02-05T16:43-0330", "2020-02-05T20:13:00Z")]
    [InlineData("2020-02-05T16:43+08", "2020-02-05T08:43:00Z")]
    [InlineData("2020/2/5 6:03:09", "2020-02-04T22:03:09Z")]
    [InlineData("2020-02-05T16:43:59.123456000Z", "2020-02-05T16:43:59.123456Z")]
    [InlineData("2020-02-05T16:43:59.1234567Z", "<out-of-range>")]
    [InlineData("2016-12-31T23:59:60Z", "<type-mismatch>")]
    [InlineData("2020-02-05T24:00:00Z", "<type-mismatch>")]
    [InlineData("2020-02-05T16:60:00Z", "<type-mismatch>")]
    [InlineData("2020-02-05T16:43:59.Z", "<type-mismatch>")]
    [InlineData("2020-02-05T16:43:59+15:00", "<type-mismatch>")]
    [InlineData("2020-02-05T16:43:59+08:60", "<type-mismatch>")]
    [InlineData("2020-02-05T16:43:59Zx", "<type-mismatch>")]
    [InlineData("2020-02-05T1", "<type-mismatch>")]
    [InlineData("2020-02-05", "<type-mismatch>")]
    [InlineData("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z")]
    [InlineData("9999-12-31T23:59:59.999999-00:01", "<out-of-range>")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00+00:01", "<out-of-range>")]
    [InlineData("0001-01-01T00:00:00", "<out-of-range>")]
    public void Timestamps(string text, string expected) => Assert.Equal(expected, One.Read(One.Column(ColumnType.Timestamp), text));

    [Theory]
    [InlineData("epoch_s", "1580892239", "2020-02-05T08:43:59Z")]
    [InlineData("epoch_s", "-1.5", "1969-12-31T23:59:58.5Z")]
    [InlineData("epoch_s", "1580892239.3040001", "<out-of-range>")]
    [InlineData("epoch_s", "253402300800", "<out-of-range>")]
    [InlineData("epoch_s", "-62135596800", "0001-01-01T00:00:00Z")]
    [InlineData("epoch_s", "-62135596801", "<out-of-range>")]
    [InlineData("epoch_ms", "1580892239304", "2020-02-05T08:43:59.304Z")]
    [InlineData("epoch_ms", "1.580892239304E12", "2020-02-05T08:43:59.304Z")]
    [InlineData("epoch_ms", "now", "<type-mismatch>")]
    [InlineData("yyyy-MM-dd HH:mm:ss.fff", "2020-02-05 16:43:59.304", "2020-02-05T08:43:59.304Z")]
    [InlineData("yyyy-MM-dd HH:mm:ss.fff", "2020-02-05 16:43:59.3", "<type-mismatch>")]
    [InlineData("yyyy-MM-dd HH:mm:ss.fffffff", "2020-02-05 16:43:59.3040000", "2020-02-05T08:43:59.304Z")]
    [InlineData("yyyy-MM-dd HH:mm:ss.fffffff", "2020-02-05 16:43:59.3040001", "<out-of-range>")]
    [InlineData("yyyy年M月d日 H时m分", "2020年2月5日 6时3分", "2020-02-04T22:03:00Z")]
    [InlineData("yyyyMMddHHmmss", "20200205164359", "2020-02-05T08:43:59Z")]
    [InlineData("yyyyMMddHHmmss", "20200205164360", "<type-mismatch>")]
    [InlineData("yyyy-MM-ddTHH:mm:sszzz", "2020-02-05T16:43:59+09:00", "2020-02-05T07:43:59Z")]
    [InlineData("yyyy-MM-ddTHH:mm:sszzz", "2020-02-05T16:43:59Z", "<type-mismatch>")]
    [InlineData("yyyy-MM-ddTHH:mm:ssK", "2020-02-05T16:43:59", "2020-02-05T08:43:59Z")]
    [InlineData("yyyy-MM-ddTHH:mm:ssK", "2020-02-05T16:43:59Z", "2020-02-05T16:43:59Z")]
    [InlineData("yyyy-MM-ddTHH:mm:ssZ", "2020-02-05T16:43:59Z", "2020-02-05T16:43:59Z")]
    [InlineData("d MMM yyyy h:mm tt", "5 Feb 2020 4:43 PM", "2020-02-05T08:43:00Z")]
    [InlineData("ddd, dd MMM yyyy HH:mm:ss zzz", "Wed, 05 Feb 2020 16:43:59 +09:00", "2020-02-05T07:43:59Z")]
    public void One_format(string format, string text, string expected) =>
        Assert.Equal(expected, One.Read(One.Column(ColumnType.Timestamp) with { Formats = [format] }, text));

    [Fact]
    public void A_date_counted_since_1970_is_the_date_in_the_columns_zone()
    {
        var column = One.Column(ColumnType.Date) with { Formats = ["epoch_s", "yyyy-MM-ddTHH:mm:sszzz"] };
        Assert.Equal("2020-02-06", One.Read(column, Cell.Number("1580918400"))); // 16:00 UTC is midnight in Shanghai
        Assert.Equal("2020-02-05", One.Read(column, Cell.Number("1580918399")));
        Assert.Equal("2020-02-05", One.Read(column, "2020-02-05T23:00:00-08:00"));
    }

    [Fact]
    public void Compiled_formats_mean_what_the_framework_means()
    {
        Assert.All(s_formats, f => Assert.True(CompiledFormat.TryCompile(f, out _), f));
        Gen.Select(s_times, Gen.Int[0, s_formats.Length - 1].Select(i => s_formats[i]), Gen.Int[-1, 30], Gen.Char["0123456789:-/ .日x"]).Sample((time, format, at, other) =>
        {
            var text = time.ToString(format, CultureInfo.InvariantCulture);
            if (at >= 0 && at < text.Length) text = string.Concat(text.AsSpan(0, at), other.ToString(), text.AsSpan(at + 1));
            var isKnown = DateTime.TryParseExact(text, format, CultureInfo.InvariantCulture, DateTimeStyles.NoCurrentDateDefault, out var expected);
            CompiledFormat.TryCompile(format, out var compiled);
            var reason = compiled!.Read(System.Text.Encoding.UTF8.GetBytes(text), out var moment);
            Assert.True(isKnown == (reason == ReasonCode.None), $"{format}: {text} -> {reason}");
            if (isKnown) Assert.Equal(expected, DateTime.UnixEpoch.AddTicks(moment.Micros * 10));
        }, iter: 20_000);
    }

    [Fact]
    public void Every_day_and_every_microsecond_is_read_back()
    {
        s_times.Sample(time =>
        {
            var date = time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            Assert.Equal(date, One.Read(One.Column(ColumnType.Date), date));
            var instant = time.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFZ", CultureInfo.InvariantCulture);
            Assert.Equal(instant, One.Read(One.Column(ColumnType.Timestamp), instant));
        }, iter: 1000);
        for (var day = CivilTime.MinDay; day <= CivilTime.MaxDay; day += 13)
        {
            var date = DateOnly.FromDayNumber(day - CivilTime.MinDay);
            Assert.True(CivilTime.TryDay(date.Year, date.Month, date.Day, out var back));
            Assert.Equal(day, back);
            Assert.Equal(day, CivilTime.DayOf(day * CivilTime.MicrosPerDay));
            Assert.Equal(day, CivilTime.DayOf(((day + 1) * CivilTime.MicrosPerDay) - 1));
        }
    }
}
